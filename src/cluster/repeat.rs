//! Sends requests that change nothing again and again while there is hope, as `retry` decides, and
//! says so when it takes long. A write never goes through here.

use bytes::Bytes;
use http::Request;
use serde::de::DeserializeOwned;

use super::Notice;
use super::fault::Fault;
use super::retry::{Endurance, Tries, Trouble};
use super::wire::{Answer, Wire};

impl Wire {
    /// Sends a request that changes nothing, again and again while there is hope.
    pub(crate) async fn read(&self, request: &Request<Bytes>) -> Result<Answer, Fault> {
        self.read_as(request, |answer| Ok(answer.clone())).await
    }

    /// Does the same for a JSON answer; one that cannot be parsed counts as cut off.
    pub(crate) async fn read_json<T: DeserializeOwned>(
        &self,
        request: &Request<Bytes>,
    ) -> Result<T, Fault> {
        self.read_as(request, |answer| self.parse(answer)).await
    }

    /// Does the same with a parser of one's own.
    pub(crate) async fn read_as<T>(
        &self,
        request: &Request<Bytes>,
        parse: impl Fn(&Answer) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut tries = Tries::begin(self.now());
        loop {
            let result = self.once(request).await.and_then(|answer| parse(&answer));
            let fault = match result {
                Ok(value) => return Ok(value),
                Err(fault) => fault,
            };
            let endurance = &self.limits().endurance;
            if !self.is_worth_another(&mut tries, &fault, endurance).await {
                return Err(fault);
            }
        }
    }

    /// Waits until the next try, or says that there is none.
    pub(crate) async fn is_worth_another(
        &self,
        tries: &mut Tries,
        fault: &Fault,
        endurance: &Endurance,
    ) -> bool {
        let around = self.circumstances();
        let Some(wait) = tries.after(fault, endurance, around) else {
            return false;
        };
        let is_long = around.now.since(tries.began()) + wait >= self.limits().quiet;
        if is_long && self.is_news(around.now, wait) {
            self.tell(match Trouble::of(fault) {
                Trouble::Throttled { .. } => Notice::Throttled { wait },
                Trouble::NoRoute | Trouble::Unknown | Trouble::Hindered | Trouble::Final => {
                    Notice::Retrying {
                        why: fault.to_string(),
                        wait,
                    }
                }
            });
        }
        tokio::time::sleep(wait).await;
        true
    }
}
