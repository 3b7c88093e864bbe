//! A run in the world: the coordinator, the named worker threads, the protocol, the run's files.
//!
//! Owns: threads, clocks and files of a search. Must not know: who watches (a terminal, a pipe).
//! Invariant: the engine never waits for a viewer.

pub mod protocol;
pub mod table;

mod at_end;
mod audience;
mod candidates;
mod config;
mod confirmation;
mod engine;
mod estimate;
mod experiments;
mod files;
mod folder;
mod front;
mod handle;
#[cfg(unix)]
mod host;
mod meter;
mod prediction;
mod presets;
mod prover;
mod reference;
mod sample;
mod solving;
mod spec;
mod store;
mod tables;
mod themes;
mod tuning;
mod worker;

pub use crate::optimum::Unsolvable;
pub use at_end::run_at_end;
pub use candidates::{RetellError, Retold, each_candidate};
pub use config::{
    AtEnd, Config, Setting, check_config, config, config_file, config_text, keep_theme, settings,
};
pub use engine::{spawn, spawn_with};
pub use estimate::{Estimate, Estimating};
pub use experiments::{
    EXPERIMENTS, Found, Heard, Keeper, Progress, Stands, Underway, Watching, end_experiment,
    lab_folder, stands, values_folder,
};
pub use files::{Existing, read_text, write_text, write_with};
pub use front::{
    FrontRow, KeptFront, front, fronts, kept_front, write_front_csv, write_front_structures,
};
pub use handle::{EngineGone, Handle, Waker};
#[cfg(unix)]
pub use host::{
    AttachError, LaunchError, Launched, Launching, ReadyLine, Server, attach, launch, picture_now,
    socket_path,
};
pub use prediction::{LatencyPrediction, Predicted, Predicting, predict};
pub use presets::{
    Broken, SaveError, UserPreset, check_preset_name, find_preset, open_preset, save_preset,
    still_says, user_presets,
};
pub use prover::{Proof, Wanted};
pub use sample::random_structures;
pub use solving::Solving;
pub use spec::{Resumption, RunSpec, StartError, proxy_settings};
pub use store::{
    Best, Course, FindError, ListedRun, Ownership, Picture, RemoveError, Removed, Standing,
    Summary, find_run, list_runs, listed_run, new_folder, ownership, remove_run, replay, resume,
    run_name, runs_folder,
};
pub use tables::{clock, find_table, problem, read_table, table_path, tables_folder, user_tables};
pub use themes::{ListedTheme, UserTheme, find_theme, listed_themes, user_themes};
pub use tuning::{Change, Plan as TuningPlan, Refusal, Replay, Scheduled, Stop, is_tunable};
pub use worker::{Role, ScorerFactory};
