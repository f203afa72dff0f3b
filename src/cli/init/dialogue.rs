//! Questions and answers: on a terminal, or line by line from whatever standard input is.

use crate::commands::CommandError;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use std::io::{BufRead, IsTerminal, Read, Stdin, Write, stderr, stdin, stdout};

/// Longest answer, in bytes.
const ANSWER_MAX: u64 = 4096;
/// Ctrl-C, as a terminal sends it.
const INTERRUPT: u8 = 3;

/// Asks, and takes answers.
pub(super) struct Dialogue {
    /// Nobody is asked: defaults count.
    is_silent: bool,
    /// Standard output is for machines: words go to standard error.
    is_json: bool,
}

impl Dialogue {
    pub(super) const fn new(is_silent: bool, is_json: bool) -> Self {
        Self { is_silent, is_json }
    }

    /// Says something.
    pub(super) fn say(&self, words: &str) -> Result<(), CommandError> {
        let mut to: Box<dyn Write> = if self.is_json { Box::new(stderr()) } else { Box::new(stdout()) };
        to.write_all(words.as_bytes()).and_then(|()| to.flush()).map_err(|error| failed(&error))
    }

    /// Asks; an empty answer is the default.
    pub(super) fn ask(&self, question: &str, default: Option<&str>) -> Result<String, CommandError> {
        if let (true, Some(default)) = (self.is_silent, default) {
            return Ok(default.to_owned());
        }
        let hint = default.map(|default| format!(" [{default}]")).unwrap_or_default();
        self.say(&format!("{question}{hint}: "))?;
        let answer = read(&stdin());
        // What is typed at a terminal ends its own line.
        if answer.is_err() || !stdin().is_terminal() {
            self.say("\n")?;
        }
        let answer = answer?;
        let answer = answer.trim();
        Ok(if answer.is_empty() { default.unwrap_or_default() } else { answer }.to_owned())
    }

    /// Asks for a secret: a terminal does not show it.
    pub(super) fn ask_hidden(&self, question: &str) -> Result<SecretString, CommandError> {
        // Before the question: whoever answers at once is not seen either.
        let hidden = Hidden::begin(stdin());
        self.say(&format!("{question}: "))?;
        let answer = read(&stdin());
        drop(hidden);
        self.say("\n")?;
        let answer = answer?;
        if answer.as_bytes().contains(&INTERRUPT) {
            return Err(CommandError::Failed("stopped: nothing was written".to_owned()));
        }
        Ok(SecretString::from(answer.trim()))
    }

    /// Asks yes or no; no, where nobody is asked.
    pub(super) fn agrees(&self, question: &str) -> Result<bool, CommandError> {
        if self.is_silent {
            return Ok(false);
        }
        let answer = self.ask(&format!("{question} [y/N]"), None)?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }
}

fn read(input: &Stdin) -> Result<String, CommandError> {
    let mut line = String::new();
    let bytes = input.lock().take(ANSWER_MAX).read_line(&mut line).map_err(|error| failed(&error))?;
    match bytes {
        0 => Err(CommandError::Wrong(
            "the answers ended before the last question: nothing was written".to_owned(),
        )),
        _ => Ok(line),
    }
}

fn failed(error: &std::io::Error) -> CommandError {
    CommandError::Failed(error.to_string())
}

/// A terminal that does not show what is typed, until this is dropped. Ctrl-C ends the line instead of the process,
/// which would leave the terminal so.
struct Hidden {
    input: Stdin,
    before: Termios,
}

impl Hidden {
    /// None where it is no terminal.
    fn begin(input: Stdin) -> Option<Self> {
        let before = tcgetattr(&input).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(&input, OptionalActions::Flush, &hidden).ok()?;
        Some(Self { input, before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing is left to do where a terminal has gone.
        tcsetattr(&self.input, OptionalActions::Flush, &self.before).ok();
    }
}
