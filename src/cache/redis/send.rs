//! Sends commands to Redis and waits for their answers, in round trips of a bounded size.

use std::sync::Arc;
use std::time::Instant;

use redis::{Cmd, Pipeline, Value};
use tokio::time::timeout;

use super::phase::{Need, Session};
use super::reply::{self, Answer};
use super::trust::Trust;
use super::{scripts, traffic};
use crate::cache::CacheError;
use crate::metrics::Metrics;

/// How many commands one round trip sends.
const COMMANDS_PER_TRIP: usize = 128;

/// Sends over the trusted connection, and reports when it can no longer be trusted.
pub(super) struct Sender {
    pub trust: Arc<Trust>,
    metrics: Arc<Metrics>,
}

impl Sender {
    pub fn new(trust: Arc<Trust>, metrics: Arc<Metrics>) -> Sender {
        Sender { trust, metrics }
    }

    /// Sends commands and returns their answers, in order.
    pub async fn send(&self, need: Need, commands: Vec<Cmd>) -> Result<Vec<Answer>, CacheError> {
        let session = self.trust.session(need)?;
        let mut answers = Vec::with_capacity(commands.len());
        for chunk in commands.chunks(COMMANDS_PER_TRIP) {
            answers.extend(self.send_chunk(&session, need, chunk).await?);
        }
        // Trust may have been lost since the answer was given.
        self.trust.confirm(&session, need)?;
        if need == Need::Change
            && let Some(error) = answers.iter().find_map(|answer| answer.as_ref().err())
            && error.code() != "OOM"
        {
            return Err(self.trust.distrust(session.number, &reply::describe(error)));
        }
        Ok(answers)
    }

    /// Sends one command that brings a change, and returns its answer.
    pub async fn change(&self, command: Cmd) -> Result<Value, CacheError> {
        let answer = self.send(Need::Change, vec![command]).await?.pop();
        reply::value(answer.unwrap_or(Ok(Value::Nil)))
    }

    /// Sends a chunk; resends the commands whose script the server did not know.
    async fn send_chunk(
        &self,
        session: &Session,
        need: Need,
        commands: &[Cmd],
    ) -> Result<Vec<Answer>, CacheError> {
        let mut answers = self.exchange(session, need, commands).await?;
        let missing: Vec<usize> = (0..answers.len())
            .filter(|&i| matches!(&answers[i], Err(error) if error.code() == "NOSCRIPT"))
            .collect();
        if !missing.is_empty() {
            let load: Vec<Cmd> = scripts::all().iter().map(|script| script.load()).collect();
            self.exchange(session, need, &load).await?;
            let again: Vec<Cmd> = missing.iter().map(|&i| commands[i].clone()).collect();
            for (i, answer) in missing.into_iter().zip(self.exchange(session, need, &again).await?) {
                answers[i] = answer;
            }
        }
        Ok(answers)
    }

    async fn exchange(
        &self,
        session: &Session,
        need: Need,
        commands: &[Cmd],
    ) -> Result<Vec<Answer>, CacheError> {
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command.clone());
        }
        let mut connection = session.connection.clone();
        let start = Instant::now();
        let _under_way = self.metrics.redis_begins(commands.len(), traffic::of_commands(commands));
        let answers = connection.send_packed_commands(&pipeline, 0, commands.len());
        let Ok(answers) = timeout(need.patience(), answers).await else {
            return Err(match need {
                Need::Trust => self.trust.late(session),
                Need::Change => self.trust.distrust(session.number, "a change got no answer in time"),
            });
        };
        if let Ok(values) = &answers {
            self.metrics.redis_answered(traffic::of_values(values), start.elapsed());
        }
        match answers {
            Ok(values) if values.len() == commands.len() => Ok(values
                .into_iter()
                .map(|value| match value {
                    Value::ServerError(error) => Err(error),
                    value => Ok(value),
                })
                .collect()),
            Ok(_) => Err(self.trust.distrust(session.number, "it gave too few answers")),
            Err(error) => Err(self.trust.distrust(session.number, &error.to_string())),
        }
    }
}
