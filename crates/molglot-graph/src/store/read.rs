//! From the bytes of a file to a graph, trusting nothing.

use molglot_bio::geometry::Frame;
use safetensors::{Dtype, SafeTensors};

use super::{
    ABOUT, About, EDGE_KINDS, NODE_KINDS, StoreError, StoredGraph, VERSION, Versioned, check,
};
use crate::{Features, GeomGraph, LineGraph, Membership, Table};

/// The graph in the bytes of a file, and the key of a cache where it has one.
///
/// # Errors
///
/// [`StoreError`]: the bytes are no file of a graph, of another layout, or not what was written.
pub fn decode(bytes: &[u8]) -> Result<(StoredGraph, Option<String>), StoreError> {
    let fail = |error| StoreError::NotSafetensors(format!("{error}"));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(fail)?;
    let about = header.metadata().as_ref();
    let about = about
        .and_then(|entries| entries.get(ABOUT))
        .ok_or(StoreError::NotAGraph)?;
    let Versioned { version } = serde_json::from_str(about).map_err(|_| StoreError::NotAGraph)?;
    if version != VERSION {
        return Err(StoreError::Version(version));
    }
    let about: About = serde_json::from_str(about).map_err(|_| StoreError::NotAGraph)?;
    let file = File(SafeTensors::deserialize(bytes).map_err(fail)?);
    file.verify(&about)?;
    let stored = StoredGraph {
        graph: file.graph()?,
        spec: about.spec,
        labels: about.labels,
    };
    check(&stored.graph, &stored.labels)?;
    Ok((stored, about.key))
}

struct File<'a>(SafeTensors<'a>);

impl File<'_> {
    fn verify(&self, about: &About) -> Result<(), StoreError> {
        let mut tensors: Vec<_> = self.0.iter().collect();
        tensors.sort_unstable_by_key(|(name, _)| *name);
        let parts = tensors
            .iter()
            .map(|(name, view)| (*name, view.shape(), view.data()));
        match about.digest(parts) == about.digest {
            true => Ok(()),
            false => Err(StoreError::Digest),
        }
    }

    fn graph(&self) -> Result<GeomGraph, StoreError> {
        let [atoms, motifs] = self.pair("counts")?;
        let members = self.rows("members", u32::from_le_bytes)?;
        let frames = self.rows::<12, 4, f32>("frames", f32::from_le_bytes)?;
        Ok(GeomGraph {
            atoms,
            motifs,
            nodes: self.kinds("nodes", &NODE_KINDS)?,
            atom_features: self.rows("atom_features", |[byte]: [u8; 1]| byte)?,
            edges: self.rows("edges", u32::from_le_bytes)?,
            edge_kinds: self.kinds("edge_kinds", &EDGE_KINDS)?,
            bond_features: self.rows("bond_features", |[byte]: [u8; 1]| byte)?,
            members: members
                .into_iter()
                .map(|[atom, motif]| Membership { atom, motif })
                .collect(),
            positions: self.rows("positions", f32::from_le_bytes)?,
            types: self.numbers("types", u16::from_le_bytes)?.1,
            chains: self.numbers("chains", u32::from_le_bytes)?.1,
            sources: self.numbers("sources", u32::from_le_bytes)?.1,
            frames: frames.iter().map(frame).collect(),
            relations: self.numbers("relations", u16::from_le_bytes)?.1,
            node_sets: self.sets("node_sets")?,
            edge_sets: self.sets("edge_sets")?,
            line_graph: LineGraph {
                arcs: self.rows("arcs", u32::from_le_bytes)?,
                bins: self.numbers("arc_bins", |[byte]: [u8; 1]| byte)?.1,
            },
        })
    }

    /// The shape and the numbers of a tensor; of `N` bytes each, which is the type of all tensors of that name.
    fn numbers<const N: usize, T: Number>(
        &self,
        name: &str,
        read: impl Fn([u8; N]) -> T,
    ) -> Result<(Vec<usize>, Vec<T>), StoreError> {
        let view = self.0.tensor(name);
        let view = view.map_err(|_| StoreError::tensor(name, "is missing"))?;
        if view.dtype() != T::DTYPE {
            let what = format!("is {}, not {}", view.dtype(), T::DTYPE);
            return Err(StoreError::tensor(name, what));
        }
        let numbers = view.data().as_chunks::<N>().0;
        Ok((
            view.shape().to_vec(),
            numbers.iter().map(|&bytes| read(bytes)).collect(),
        ))
    }

    /// Rows of `W` numbers each.
    fn rows<const W: usize, const N: usize, T: Number>(
        &self,
        name: &str,
        read: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<[T; W]>, StoreError> {
        let (shape, numbers) = self.numbers(name, read)?;
        if shape.len() < 2 || shape[1..].iter().product::<usize>() != W {
            let what = format!("has shape {shape:?}, not rows of {W}");
            return Err(StoreError::tensor(name, what));
        }
        Ok(numbers.as_chunks::<W>().0.to_vec())
    }

    fn kinds<K: Copy>(&self, name: &str, kinds: &[K]) -> Result<Vec<K>, StoreError> {
        let (_, numbers) = self.numbers(name, |[byte]: [u8; 1]| byte)?;
        let kinds = numbers.iter().map(|&number| {
            let kind = kinds.get(usize::from(number)).copied();
            kind.ok_or_else(|| StoreError::tensor(name, format!("has a kind {number}")))
        });
        kinds.collect()
    }

    fn pair(&self, name: &str) -> Result<[usize; 2], StoreError> {
        let (_, numbers) = self.numbers(name, u64::from_le_bytes)?;
        let numbers: Option<Vec<usize>> = numbers
            .into_iter()
            .map(|number| usize::try_from(number).ok())
            .collect();
        numbers
            .and_then(|numbers| numbers.try_into().ok())
            .ok_or_else(|| StoreError::tensor(name, "is no pair of numbers"))
    }

    /// The sets of a graph: as many as there are in a row.
    fn sets(&self, what: &str) -> Result<Vec<Features>, StoreError> {
        let known = |set: &usize| self.0.tensor(&format!("{what}.{set}.rows")).is_ok();
        (0..)
            .take_while(known)
            .map(|set| {
                let name = |part| format!("{what}.{set}.{part}");
                let [start, end] = self.pair(&name("rows"))?;
                Ok(Features {
                    rows: start..end,
                    scalars: self.table(&name("scalars"), 2)?,
                    vectors: self.table(&name("vectors"), 3)?,
                })
            })
            .collect()
    }

    fn table(&self, name: &str, rank: usize) -> Result<Table, StoreError> {
        let (shape, values) = self.numbers(name, f32::from_le_bytes)?;
        if shape.len() != rank {
            return Err(StoreError::tensor(name, format!("has shape {shape:?}")));
        }
        Ok(Table {
            width: shape[1..].iter().product(),
            values,
        })
    }
}

/// A number with the type that tensors of it have.
trait Number: Copy {
    const DTYPE: Dtype;
}

impl Number for u8 {
    const DTYPE: Dtype = Dtype::U8;
}
impl Number for u16 {
    const DTYPE: Dtype = Dtype::U16;
}
impl Number for u32 {
    const DTYPE: Dtype = Dtype::U32;
}
impl Number for u64 {
    const DTYPE: Dtype = Dtype::U64;
}
impl Number for f32 {
    const DTYPE: Dtype = Dtype::F32;
}

fn frame(numbers: &[f32; 12]) -> Frame {
    let row = |row: usize| std::array::from_fn(|column| numbers[3 * row + column]);
    Frame {
        origin: row(0),
        axes: [row(1), row(2), row(3)],
    }
}
