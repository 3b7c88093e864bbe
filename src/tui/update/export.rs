//! What keys do while it is asked in which format to export, and what came of it.

use std::sync::Arc;

use super::{candidate, network};
use crate::run::protocol::Member;
use crate::tui::{
    action::Effect,
    format,
    keymap::{Intent, Tab},
    model::{Document, Export, Model, Net, Overlay},
};

/// Asks for the format: of what is marked, else of what is selected.
pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    let selected = candidate::selected(model);
    let Some(search) = &model.search else { return Vec::new() };
    // Some may have left the population since; the newest score of the others counts.
    let newest =
        |(&id, marked): (&u64, &'_ Arc<Member>)| Arc::clone(search.find(id).unwrap_or(marked));
    let mut marked: Vec<Arc<Member>> = search.marks.iter().map(newest).collect();
    marked.sort_by(|a, b| b.score.value.total_cmp(&a.score.value));
    let mut nets: Vec<Net> = marked.iter().map(Net::candidate).collect();
    if nets.is_empty() || model.tab == Tab::Network {
        nets = selected.iter().map(Net::candidate).collect();
    }
    open(model, nets);
    Vec::new()
}

/// Asks for the format of the front.
pub(super) fn begin_front(model: &mut Model) -> Vec<Effect> {
    let axis = model.population.axis.0;
    let front = model.search.as_ref().map_or_else(Vec::new, |search| search.front(axis));
    open(model, front.iter().map(Net::candidate).collect());
    if let Some(Overlay::Export(export)) = &mut model.overlay {
        export.of_front();
    }
    Vec::new()
}

/// Asks for the format of these.
pub(super) fn open(model: &mut Model, nets: Vec<Net>) {
    let Some(first) = nets.first() else { return };
    let name = match (&model.search, model.setup.open_form()) {
        (Some(search), _) => Some(search.spec.name.clone()),
        (None, form) => form.map(|form| form.name().to_owned()),
    };
    let spec = model.view_of(first).net;
    let snapshot = model.search.as_ref().and_then(|search| search.snapshot.as_ref());
    let confirmed = snapshot.map_or(&[][..], |snapshot| snapshot.confirmation.as_slice());
    let export = Export::new(nets, name, spec);
    let export = export.map(|export| export.with_confirmation(confirmed));
    model.overlay = export.map(|export| Overlay::Export(Box::new(export)));
}

/// Exports in a format without asking.
pub(super) fn at_once(model: &mut Model, intent: Intent) -> Vec<Effect> {
    match model.tab {
        Tab::Network => network::intend(model, Intent::Export),
        _ => begin(model),
    };
    intend(model, intent)
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Some(Overlay::Export(export)) = &model.overlay else {
        return Vec::new();
    };
    let documents = match intent {
        Intent::ExportStructure => vec![export.structures()],
        Intent::ExportPyTorch => export.pytorch(),
        // Only candidates have scores to tabulate.
        Intent::ExportCsv | Intent::ExportJson if !export.tabulates() => {
            return Vec::new();
        }
        Intent::ExportCsv => vec![export.csv()],
        Intent::ExportJson => vec![export.json_lines()],
        Intent::Back => Vec::new(),
        _ => return Vec::new(),
    };
    model.overlay = None;
    documents.into_iter().map(Effect::Write).collect()
}

/// A file was written, or could not be.
pub(super) fn wrote(model: &mut Model, document: &Document, result: Result<String, String>) {
    match result {
        Ok(path) => {
            let size = format::bytes(document.text.len() as u64);
            model.say(format!("wrote {path}"), &size);
        }
        Err(why) => model.complain(why),
    }
}
