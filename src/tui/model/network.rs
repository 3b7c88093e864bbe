//! What the Network screen shows: which network, where in it, how. Must not know: how it is drawn.
//! Invariant: the network that follows the best is the best of the moment.

use super::{Model, Net, Task};
use crate::{
    anatomy::{Form, Settings, Shares, View},
    arch::NetSpec,
    space::Preset,
};

/// Which network.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shown {
    /// The search's best, whichever that is.
    #[default]
    Best,
    Net(Net),
}

/// What the bars are shares of, where there is room for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Share {
    #[default]
    Score,
    Params,
    Flops,
}

impl Share {
    pub const ALL: [Share; 3] = [Share::Score, Share::Params, Share::Flops];

    pub fn name(self) -> &'static str {
        match self {
            Share::Score => "score",
            Share::Params => "params",
            Share::Flops => "FLOPs",
        }
    }

    /// The one after it, in a circle.
    pub fn next(self) -> Share {
        match self {
            Share::Score => Share::Params,
            Share::Params => Share::Flops,
            Share::Flops => Share::Score,
        }
    }

    pub fn of(self, shares: &Shares) -> f64 {
        match self {
            Share::Score => shares.score,
            Share::Params => shares.params,
            Share::Flops => shares.flops,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct NetworkView {
    pub shown: Shown,
    /// The cursor's block, and the sub-layer whose layers are listed; both from 0.
    pub block: usize,
    pub sub_layer: u32,
    pub share: Share,
    /// Whether every sub-layer has its rib, whatever fits.
    pub is_unfolded: bool,
}

impl NetworkView {
    /// Shows `net`, from its first block on.
    pub fn open(&mut self, net: Net) {
        self.shown = Shown::Net(net);
        (self.block, self.sub_layer) = (0, 0);
    }

    /// Shows the best, from its first block on.
    pub fn follow_best(&mut self) {
        self.shown = Shown::Best;
        (self.block, self.sub_layer) = (0, 0);
    }
}

impl Model {
    /// The preset of the run, or else the one whose form is open.
    pub fn preset(&self) -> Option<&Preset> {
        let running = self.search.as_ref().map(|search| &search.spec.preset);
        running.or_else(|| self.setup.open_form().map(|form| &form.draft.preset))
    }

    /// The network of the Network screen: where the best is asked for and there is none yet, the
    /// structure that the search starts from.
    pub fn shown_net(&self) -> Option<Net> {
        if let Shown::Net(net) = &self.network.shown {
            return Some(self.newest(net));
        }
        let best = self.search.as_ref().and_then(|search| search.best());
        best.map(Net::candidate)
            .or_else(|| Some(Net::other(Some("initial"), self.preset()?.initial())))
    }

    /// A candidate as it is known now: its score may have been measured again.
    fn newest(&self, net: &Net) -> Net {
        let known = net.member.as_ref().and_then(|member| {
            let found = self.search.as_ref()?.find(member.id)?;
            (found.structure == member.structure).then(|| Net::candidate(found))
        });
        known.unwrap_or_else(|| net.clone())
    }

    /// Under which assumptions networks are taken apart: those of [`Model::preset`], or else what
    /// `net` was published for, or else what is usual.
    pub fn view_of(&self, net: &Net) -> View {
        if let Some(preset) = self.preset() {
            return view_of_preset(preset);
        }
        let usual = Task { resolution: 224, classes: 1_000, se: false };
        let Task { resolution, classes, .. } = net.published_for.unwrap_or(usual);
        let mut preset = Preset::default();
        (preset.space.resolution, preset.space.classes) = (resolution, classes);
        view_of_preset(&preset)
    }
}

/// Under which assumptions networks are taken apart that a search of `preset` might find.
pub fn view_of_preset(preset: &Preset) -> View {
    let Preset { space, score, .. } = preset;
    let spec = NetSpec::residual(space.resolution, space.classes);
    View {
        net: NetSpec { squeeze_excite: space.se, ..spec },
        counting: preset.budget.counting,
        analytic: Settings {
            form: match score.proxy.alone() {
                Some("zen-estimate") => Form::Fitted,
                _ => Form::Theory,
            },
            definition: score.definition,
            batch: score.batch,
            resolution: preset.score_resolution(),
            alpha: score.alpha,
        },
    }
}
