//! What `zendo solve` prints of an answer.

use super::{Form, Line, SolveArgs};
use crate::{
    cli::{
        Failure,
        output::{compact, json_line, line},
    },
    optimum::{Answer, LayerPrice, Price, Solved, Target},
    run::predict,
    space::{Budget, Preset},
    text::grouped,
};

/// An answer for people and for programs.
pub(super) struct Report<'a> {
    pub name: &'a str,
    pub preset: &'a Preset,
    pub args: &'a SolveArgs,
    pub answer: &'a Answer,
    pub layer_price: LayerPrice,
    pub seconds: f64,
}

impl Report<'_> {
    pub(super) fn json(&self) -> Result<(), Failure> {
        for solved in self.answer.best.iter().rev() {
            let layer_price = Some(self.layer_price);
            let latency = predict(self.preset, &solved.structure);
            let line = Line::new(self.answer, solved, self.seconds);
            json_line(&Line { layer_price, latency, ..line })?;
        }
        Ok(())
    }

    pub(super) fn text(&self) -> Result<(), Failure> {
        let Report { answer, .. } = self;
        let Some(best) = answer.best.first() else {
            return line(format!(
                "ended before any structure was found; nothing scores more than {:.4}",
                answer.bound
            ));
        };
        let form = match self.args.form {
            Form::Theory => format!("analytic score, {}", self.preset.score.definition),
            Form::Simple => "simple closed form".to_owned(),
        };
        line(format!("{} ({form}), {}", self.name, target_text(&answer.target)))?;
        line(self.verdict(best))?;
        line(format!(
            "{} params, {} FLOPs, {} sub-layers; full analytic score {:.4}",
            compact(best.costs.params),
            compact(best.costs.flops),
            best.costs.layers,
            best.score
        ))?;
        for by in predict(self.preset, &best.structure) {
            line(by.text())?;
        }
        if let Some(prices) = self.prices() {
            line(prices)?;
        }
        if answer.best.len() > 1 {
            line("")?;
            for (i, solved) in answer.best.iter().enumerate().skip(1).rev() {
                line(format!(
                    "{:>4}  {:.4}  {:>8} params {:>8} FLOPs  {}",
                    i + 1,
                    solved.objective,
                    compact(solved.costs.params),
                    compact(solved.costs.flops),
                    solved.structure
                ))?;
            }
            line("")?;
        }
        line(&best.structure)
    }

    fn verdict(&self, best: &Solved) -> String {
        let answer = self.answer;
        let seconds = self.seconds;
        if answer.proven {
            return format!(
                "optimum {:.4}, proven in {seconds:.1} s: prices bound it by {:.4}, and {} partial \
                 structures closed the gap",
                best.objective,
                answer.dual_bound,
                grouped(answer.labels as u64)
            );
        }
        let why = match (answer.stopped, answer.target.limits.len()) {
            (true, _) => "ended early",
            (false, 2..) => "several budgets: near the optimum, no proof",
            (false, _) => "too many structures are that good: no proof",
        };
        format!(
            "best {:.4} of at most {:.4} after {seconds:.1} s, gap {:.4} ({why})",
            best.objective,
            answer.bound,
            answer.gap()
        )
    }

    fn prices(&self) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        for Price { budget, score, .. } in &self.answer.prices {
            let unit = match budget {
                Budget::Flops => "100 M FLOPs",
                Budget::Latency => "0.01 ms",
                Budget::Latency2 => "0.01 ms by the second table",
                Budget::Latency3 => "0.01 ms by the third table",
                _ => "100 k params",
            };
            parts.push(format!("{unit} more are worth {score:+.2}"));
        }
        if let Some(plus) = self.layer_price.plus {
            parts.push(format!("one more sub-layer {plus:+.2}"));
        }
        if let Some(minus) = self.layer_price.minus {
            parts.push(format!("one less {:+.2}", -minus));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn target_text(target: &Target) -> String {
    let limits = target.limits.iter().map(|limit| match limit.budget.table() {
        Some(_) => format!("{} {} ms", limit.budget, limit.ms()),
        None => format!("{} {}", limit.budget, compact(limit.most)),
    });
    let mut parts: Vec<String> = limits.collect();
    parts.push(format!("{} sub-layers", target.layers));
    format!("at most {}", parts.join(", "))
}
