//! What a failed request means, by its class. Decided here, done in [`super::link`].

use super::Failure;
use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestError, ConnectionSetupRequestErrorKind,
    DbError, ExecutionError, MetadataError, NewSessionError, PrepareError, RequestAttemptError,
};
use std::time::Duration;
use tokio::time::Instant;

/// What is to be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may pass: the same again, after a pause.
    Again,
    /// The session has no connection: a new one is there sooner than the old one recovers.
    Reconnect,
    /// It will not pass.
    Stop,
}

/// Of a request that may be repeated.
pub(super) fn verdict(error: &ExecutionError) -> Verdict {
    match error {
        ExecutionError::BadQuery(_) => Verdict::Stop,
        ExecutionError::ConnectionPoolError(_) | ExecutionError::EmptyPlan => Verdict::Reconnect,
        ExecutionError::PrepareError(error) => prepared(error),
        ExecutionError::LastAttemptError(error) => attempt(error),
        // Time-outs, schema agreement and whatever the driver learns to say.
        _ => Verdict::Again,
    }
}

/// Of a statement that could not be prepared.
pub(super) fn prepared(error: &PrepareError) -> Verdict {
    match error {
        PrepareError::AllAttemptsFailed { first_attempt } => attempt(first_attempt),
        _ => Verdict::Reconnect,
    }
}

fn attempt(error: &RequestAttemptError) -> Verdict {
    match error {
        RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_) => {
            Verdict::Stop
        }
        RequestAttemptError::RepreparedIdChanged { .. } => Verdict::Reconnect,
        RequestAttemptError::DbError(error, _) => refused(error),
        // A connection that broke, and answers that made no sense.
        _ => Verdict::Again,
    }
}

/// Of what the server itself says.
fn refused(error: &DbError) -> Verdict {
    match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::AlreadyExists { .. }
        | DbError::FunctionFailure { .. }
        | DbError::AuthenticationError
        | DbError::Unauthorized
        | DbError::ConfigError
        | DbError::ProtocolError => Verdict::Stop,
        _ => Verdict::Again,
    }
}

/// Whether a conditional write was certainly not even tried. "Unavailable" is none of these: a replica can die between
/// the decision and its commit.
pub(super) fn is_untried(error: &ExecutionError) -> bool {
    matches!(
        error,
        ExecutionError::BadQuery(_)
            | ExecutionError::EmptyPlan
            | ExecutionError::ConnectionPoolError(_)
            | ExecutionError::LastAttemptError(RequestAttemptError::UnableToAllocStreamId)
    )
}

/// Words for what is out of reach now.
pub(super) fn failure(error: &ExecutionError) -> Failure {
    match verdict(error) {
        Verdict::Stop => Failure::Stopped(error.to_string()),
        Verdict::Again | Verdict::Reconnect => Failure::Retry(error.to_string()),
    }
}

/// Why there is no session: a fault of ours, or nobody answers.
pub(super) fn no_session(error: &NewSessionError) -> Failure {
    let is_ours = match error {
        NewSessionError::EmptyKnownNodesList | NewSessionError::IllegalConfig(_) => true,
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(ConnectionPoolError::Broken {
            last_connection_error,
        })) => is_unwelcome(last_connection_error),
        _ => false,
    };
    if is_ours { Failure::Stopped(error.to_string()) } else { Failure::Retry(error.to_string()) }
}

/// Whether a node answers, and one side does not accept the other: a password, a certificate.
fn is_unwelcome(error: &ConnectionError) -> bool {
    match error {
        ConnectionError::ConnectionSetupRequestError(ConnectionSetupRequestError { error, .. }) => {
            match error {
                ConnectionSetupRequestErrorKind::DbError(error, _) => refused(error) == Verdict::Stop,
                ConnectionSetupRequestErrorKind::MissingAuthentication => true,
                _ => false,
            }
        }
        ConnectionError::IoError(error) => {
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
            matches!(cause, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_)))
        }
        _ => false,
    }
}

/// Pauses that grow, up to an end. A dead node refuses within microseconds: without pauses that is a loop.
#[derive(Debug)]
pub(super) struct Pace {
    until: Instant,
    pause: Duration,
}

impl Pace {
    const PAUSE_MIN: Duration = Duration::from_millis(10);
    const PAUSE_MAX: Duration = Duration::from_millis(500);

    pub(super) fn new(patience: Duration) -> Self {
        Self { until: Instant::now() + patience, pause: Self::PAUSE_MIN }
    }

    /// Waits before the next try; says whether there is one.
    pub(super) async fn next(&mut self) -> bool {
        if Instant::now() + self.pause > self.until {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Self::PAUSE_MAX);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scylla::errors::{BrokenConnectionErrorKind, WriteType};
    use scylla::statement::Consistency;

    fn said(error: DbError) -> ExecutionError {
        RequestAttemptError::DbError(error, String::new()).into()
    }

    /// What each error leads to, and whether a conditional write that met it was certainly not tried.
    #[test]
    fn errors_are_what_the_caller_does() {
        let consistency = Consistency::Quorum;
        let timeout =
            |write_type| DbError::WriteTimeout { consistency, received: 1, required: 2, write_type };
        let broken = || BrokenConnectionErrorKind::WriteError(std::io::Error::other("reset")).into();
        let no_pool =
            || ConnectionPoolError::Broken { last_connection_error: ConnectionError::ConnectTimeout };
        for (error, wanted, untried) in [
            (said(DbError::Invalid), Verdict::Stop, false),
            (said(DbError::Unauthorized), Verdict::Stop, false),
            (said(DbError::SyntaxError), Verdict::Stop, false),
            (said(DbError::Overloaded), Verdict::Again, false),
            (said(DbError::Unavailable { consistency, required: 2, alive: 1 }), Verdict::Again, false),
            (said(timeout(WriteType::Cas)), Verdict::Again, false),
            (said(timeout(WriteType::Simple)), Verdict::Again, false),
            (said(DbError::Other(0x1700)), Verdict::Again, false),
            (RequestAttemptError::BrokenConnectionError(broken()).into(), Verdict::Again, false),
            (ExecutionError::RequestTimeout(Duration::from_secs(1)), Verdict::Again, false),
            (RequestAttemptError::UnableToAllocStreamId.into(), Verdict::Again, true),
            (no_pool().into(), Verdict::Reconnect, true),
            (ExecutionError::EmptyPlan, Verdict::Reconnect, true),
        ] {
            assert_eq!((verdict(&error), is_untried(&error)), (wanted, untried), "{error}");
            assert_eq!(matches!(failure(&error), Failure::Stopped(_)), wanted == Verdict::Stop, "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_end() {
        let (began, mut pace, mut pauses) = (Instant::now(), Pace::new(Duration::from_secs(3)), 0);
        while pace.next().await {
            pauses += 1;
        }
        assert!((7..=14).contains(&pauses), "{pauses}");
        assert!(began.elapsed() > Duration::from_secs(2) && began.elapsed() <= Duration::from_secs(3));
    }
}
