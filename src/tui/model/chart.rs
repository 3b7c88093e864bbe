//! How the charts of a search are looked at. Must not know what they draw.

/// The charts, in the order in which ⇥ turns to them after the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chart {
    Convergence,
    Scores,
    Time,
}

impl Chart {
    pub const ALL: [Chart; 3] = [Chart::Convergence, Chart::Scores, Chart::Time];

    pub fn index(self) -> usize {
        match self {
            Chart::Convergence => 0,
            Chart::Scores => 1,
            Chart::Time => 2,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Counts,
    Cumulative,
}

/// How iterations lie on the axis of the convergence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    Even,
    Logarithmic,
}
