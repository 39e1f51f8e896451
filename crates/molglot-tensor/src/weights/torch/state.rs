//! From what a pickle describes to tensors by name.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    Bytes, Stored, TorchError,
    pickle::{Heap, Value, View},
    zip::Archive,
};

/// Keys that training scripts put the state dict of a model under.
pub(super) const WRAPPERS: [&str; 3] = ["state_dict", "model_state_dict", "model"];
/// Dicts within dicts.
const DEPTH: usize = 8;
/// The most values of dicts that are looked at: a dict may hold another one many times, and that one another.
const VISITS: usize = 1 << 20;
/// The longest name.
const NAME: usize = 1 << 10;

/// Tensors of a state dict: of the pickled dict, or of the one that it has under one of [`WRAPPERS`]. Names of dicts within
/// dicts are joined by dots; what is no tensor is left out.
pub(super) fn tensors(
    root: Value<'_>,
    heap: &Heap<'_>,
    archive: &Archive<'_>,
    bytes: &Arc<Bytes>,
) -> Result<BTreeMap<String, Stored>, TorchError> {
    let wrapped = WRAPPERS.iter().find_map(|wrapper| {
        let Value::Dict(place) = root else {
            return None;
        };
        let found = heap.dicts[place]
            .iter()
            .rev()
            .find(|(key, _)| matches!(key, Value::Text(key) if key == wrapper))?;
        matches!(found.1, Value::Dict(_)).then_some(found.1)
    });
    let mut names = Names {
        heap,
        visits: 0,
        views: BTreeMap::new(),
    };
    names.visit(wrapped.unwrap_or(root), "", DEPTH)?;
    if names.views.is_empty() {
        return Err(TorchError::NoStateDict);
    }
    // Views that are not rows in a row are copied: together no more than a few times the file.
    let mut budget = bytes.as_slice().len().saturating_mul(4);
    let views = names.views.into_iter();
    views
        .map(|(name, view)| {
            let place = Place::find(view, heap, archive).map_err(|reason| TorchError::Tensor {
                name: name.clone(),
                reason,
            })?;
            let stored = place.stored(view, bytes, &mut budget)?;
            Ok((name, stored))
        })
        .collect()
}

struct Names<'a> {
    heap: &'a Heap<'a>,
    visits: usize,
    views: BTreeMap<String, &'a View>,
}

impl Names<'_> {
    fn visit(&mut self, value: Value<'_>, name: &str, depth: usize) -> Result<(), TorchError> {
        let limit = |what, limit| Err(TorchError::Limit { what, limit });
        let place = match value {
            Value::Tensor(place) => {
                self.views
                    .insert(name.to_owned(), &self.heap.tensors[place]);
                return Ok(());
            }
            Value::Dict(_) if depth == 0 => return limit("dicts within dicts", DEPTH),
            Value::Dict(place) => place,
            _ => return Ok(()),
        };
        for (key, value) in &self.heap.dicts[place] {
            self.visits += 1;
            if self.visits > VISITS {
                return limit("values by name", VISITS);
            }
            let key = match key {
                Value::Text(key) if key.len() > NAME => return limit("letters in a name", NAME),
                Value::Text(key) => (*key).to_owned(),
                Value::Int(key) => key.to_string(),
                _ => continue,
            };
            let name = match name {
                "" => key,
                outer => format!("{outer}.{key}"),
            };
            self.visit(*value, &name, depth - 1)?;
        }
        Ok(())
    }
}

/// The bytes of a view.
struct Place {
    dtype: safetensors::Dtype,
    /// Bytes of a number.
    width: usize,
    /// The storage.
    storage: Range<usize>,
    /// Numbers of the view.
    count: usize,
}

impl Place {
    fn find(view: &View, heap: &Heap<'_>, archive: &Archive<'_>) -> Result<Self, String> {
        let storage = heap.storages[view.storage];
        let width = storage.dtype.bitsize() / 8;
        let entry = format!("data/{}", storage.key);
        let range = archive
            .range(&entry)
            .ok_or_else(|| format!("the file has no {entry}"))?;
        let wanted = storage.count.checked_mul(width);
        if wanted.is_none_or(|wanted| wanted > range.len()) {
            return Err(format!(
                "{entry} has {} bytes for {} numbers of {width}",
                range.len(),
                storage.count
            ));
        }
        let overflow = || "its size is beyond all bounds".to_owned();
        let mut count = 1usize;
        let mut end = view.offset;
        for (&size, &stride) in view.shape.iter().zip(&view.strides) {
            count = count.checked_mul(size).ok_or_else(overflow)?;
            let reach = size.saturating_sub(1).checked_mul(stride);
            end = reach
                .and_then(|reach| end.checked_add(reach))
                .ok_or_else(overflow)?;
        }
        let is_inside = match count {
            0 => view.offset <= storage.count,
            _ => end < storage.count,
        };
        if !is_inside {
            return Err(format!("it lies outside of {entry}"));
        }
        Ok(Self {
            dtype: storage.dtype,
            width,
            storage: range,
            count,
        })
    }

    fn stored(
        self,
        view: &View,
        bytes: &Arc<Bytes>,
        budget: &mut usize,
    ) -> Result<Stored, TorchError> {
        let start = self.storage.start + view.offset * self.width;
        let stored = |bytes: Arc<Bytes>, range| Stored {
            bytes,
            range,
            dtype: self.dtype,
            shape: view.shape.clone(),
        };
        if self.count == 0 || is_in_rows(view) {
            return Ok(stored(
                bytes.clone(),
                start..start + self.count * self.width,
            ));
        }
        let wanted = self.count.saturating_mul(self.width);
        let limit = bytes.as_slice().len().saturating_mul(4);
        *budget = budget.checked_sub(wanted).ok_or(TorchError::Limit {
            what: "bytes of tensors that are not stored row by row",
            limit,
        })?;
        let copied = copy(
            view,
            &bytes.as_slice()[self.storage.clone()],
            self.width,
            self.count,
        );
        Ok(stored(Arc::new(Bytes::Owned(copied)), 0..wanted))
    }
}

/// Whether the numbers of a view follow each other.
fn is_in_rows(view: &View) -> bool {
    let mut expected = 1;
    view.shape
        .iter()
        .zip(&view.strides)
        .rev()
        .all(|(&size, &stride)| {
            let fits = size == 1 || stride == expected;
            expected *= size;
            fits
        })
}

/// The numbers of a view, row by row.
fn copy(view: &View, storage: &[u8], width: usize, count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(count * width);
    let mut place = vec![0; view.shape.len()];
    for _ in 0..count {
        let steps = place.iter().zip(&view.strides);
        let at = view.offset + steps.map(|(place, stride)| place * stride).sum::<usize>();
        out.extend_from_slice(&storage[at * width..][..width]);
        for (place, &size) in place.iter_mut().zip(&view.shape).rev() {
            *place += 1;
            if *place < size {
                break;
            }
            *place = 0;
        }
    }
    out
}
