//! `zendo lab`: experiments that show when to believe a score.
//!
//! Owns: how an experiment is asked for and how its result is printed. Must not know: how it is run.

mod agreement;
mod kept;
mod nets;
mod output;
mod plot;
mod rank;
mod stacks;
mod table1;

use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;

#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Φ without norms against depth, until it overflows; with norms; Zen (paper, Fig. 2 a-c)
    Overflow(stacks::OverflowArgs),
    /// The same against the width of hidden layers (paper, Fig. 2 d-f)
    Rescaling(stacks::RescalingArgs),
    /// How near Zen is to Φ, the more values a norm sees (paper, Theorem 1)
    Theorem1(stacks::Theorem1Args),
    /// Whether nets still tell a small change from another image: log Δ against the perturbation
    Saturation(nets::SaturationArgs),
    /// How noisy a Zen-Score is against the batch, and how many draws part two nets
    Noise(nets::NoiseArgs),
    /// A score taken apart layer by layer, the best single mutation, and the distance to the proven optimum
    Why(nets::WhyArgs),
    /// How well the analytic score orders the population of a kept run, and how well noise lets it
    Agreement(agreement::AgreementArgs),
    /// Search alike by each proxy; tell what they find, and what each thinks of the others' (paper, Table 1)
    Table1(table1::Table1Args),
    /// Rank the networks of a benchmark by proxies; tell how well that foretells their trained accuracy
    Rank(rank::RankArgs),
}

pub(super) fn run(command: &LabCommand) -> Result<ExitCode, Failure> {
    match command {
        LabCommand::Overflow(args) => stacks::overflow(args),
        LabCommand::Rescaling(args) => stacks::rescaling(args),
        LabCommand::Theorem1(args) => stacks::theorem1(args),
        LabCommand::Saturation(args) => nets::saturation(args),
        LabCommand::Noise(args) => nets::noise(args),
        LabCommand::Why(args) => nets::why(args),
        LabCommand::Agreement(args) => agreement::run(args),
        LabCommand::Table1(args) => table1::run(args),
        LabCommand::Rank(args) => rank::run(args),
    }
}
