//! Links cut and made again, bans and purges, given to a running node and between two.

use crate::stage::{MIRROR, Node, Stage};

/// A stage whose node runs when a command is given, or not: then the next one does it.
struct Trial {
    stage: Stage,
    live: bool,
    node: Option<Node>,
}

impl Trial {
    async fn new(live: bool) -> Self {
        let stage = Stage::linked(3).await;
        let node = Some(stage.start().await);
        Self { stage, live, node }
    }

    async fn command(&mut self, words: &[&str]) -> String {
        if let Some(node) = self.node.take_if(|_| !self.live) {
            node.stop().await;
        }
        let said = self.stage.done(words).await;
        if self.node.is_none() {
            self.node = Some(self.stage.start().await);
        }
        said
    }

    async fn shows(&self, channel: usize, texts: &[&str]) {
        let wanted: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        self.stage.until_texts(self.stage.channels[channel], &wanted).await;
    }

    fn say(&self, channel: usize, text: &str) -> u64 {
        self.stage.say(self.stage.channels[channel], text)
    }

    async fn end(mut self) {
        if let Some(node) = self.node.take() {
            node.stop().await;
        }
        self.stage.done(&["verify"]).await;
    }
}

/// Story (c): what was copied before the cut stays in step after the link is made again; what was said
/// meanwhile is not sent.
async fn cut_and_linked_again(live: bool) {
    let mut trial = Trial::new(live).await;
    let one = trial.say(0, "one");
    let two = trial.say(0, "two");
    trial.shows(1, &["one", "two"]).await;
    trial.shows(2, &["one", "two"]).await;
    let channel = trial.stage.channels[1];
    trial.command(&["cut", MIRROR, &channel.to_string()]).await;
    trial.say(0, "meanwhile");
    trial.say(1, "not mirrored any more");
    trial.stage.discord.edit(trial.stage.channels[0], one, "one, edited");
    trial.stage.discord.delete(trial.stage.channels[0], two);
    trial.shows(2, &["one, edited", "meanwhile"]).await;
    trial.shows(1, &["one", "two"]).await;
    trial.command(&["link", MIRROR, &trial.stage.address(channel)]).await;
    trial.say(0, "again");
    trial.shows(1, &["one, edited", "again"]).await;
    trial.shows(2, &["one, edited", "meanwhile", "again"]).await;
    trial.say(1, "mirrored again");
    trial.shows(0, &["mirrored again"]).await;
    trial.end().await;
}

/// A ban stops later messages and later edits; with `--purge` the copies go too; the end of it brings nothing back.
async fn banned(live: bool) {
    let mut trial = Trial::new(live).await;
    let ada = trial.stage.user.to_string();
    let bruno = trial.stage.discord.create_user("Bruno");
    let before = trial.say(0, "before the ban");
    trial.stage.discord.say(trial.stage.channels[0], bruno, "Bruno's");
    trial.shows(1, &["before the ban", "Bruno's"]).await;
    trial.shows(2, &["before the ban", "Bruno's"]).await;
    trial.command(&["ban", &ada, "--mirror", MIRROR]).await;
    trial.say(0, "while banned");
    trial.stage.discord.edit(trial.stage.channels[0], before, "changed while banned");
    trial.stage.discord.say(trial.stage.channels[0], bruno, "Bruno's second");
    trial.shows(1, &["before the ban", "Bruno's", "Bruno's second"]).await;
    trial.command(&["ban", &ada, "--mirror", MIRROR, "--purge"]).await;
    trial.shows(1, &["Bruno's", "Bruno's second"]).await;
    trial.shows(2, &["Bruno's", "Bruno's second"]).await;
    trial.command(&["unban", &ada, "--mirror", MIRROR]).await;
    trial.say(0, "after the ban");
    trial.shows(1, &["Bruno's", "Bruno's second", "after the ban"]).await;
    trial.shows(2, &["Bruno's", "Bruno's second", "after the ban"]).await;
    trial.end().await;
}

#[tokio::test]
async fn a_link_is_cut_and_made_again_while_the_node_runs() {
    cut_and_linked_again(true).await;
}

#[tokio::test]
async fn a_link_is_cut_and_made_again_between_two_nodes() {
    cut_and_linked_again(false).await;
}

#[tokio::test]
async fn a_ban_and_a_purge_while_the_node_runs() {
    banned(true).await;
}

#[tokio::test]
async fn a_ban_and_a_purge_between_two_nodes() {
    banned(false).await;
}
