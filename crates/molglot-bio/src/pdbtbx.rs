//! stub
use crate::read::{ReadOptions, Reason};
use crate::structure::Structure;
pub(crate) fn read(_t: &[u8], _cif: bool, _o: &ReadOptions) -> Result<Structure, Reason> {
    Err(Reason::NoAtoms)
}
