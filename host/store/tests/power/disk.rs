//! A disk as it may look after a cut: what was flushed is there, of the rest each write is there, gone or torn.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Writes are torn at this many bytes: what disks write as one.
const SECTOR: usize = 512;

/// What SQLite asked of a file, and what was acknowledged meanwhile.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Write {
        file: PathBuf,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: PathBuf,
        length: usize,
    },
    /// Returned: what was written to the file before is safe.
    Flushed {
        file: PathBuf,
    },
    Deleted {
        file: PathBuf,
    },
    /// The store answered that this commit is safe.
    Acknowledged(u64),
}

impl Event {
    pub(crate) fn is_boundary(&self) -> bool {
        matches!(self, Self::Flushed { .. } | Self::Acknowledged(_))
    }
}

#[derive(Debug, Clone)]
enum Waiting {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

#[derive(Debug, Clone, Default)]
struct Kept {
    /// None: not even the folder knows it for sure.
    safe: Option<Vec<u8>>,
    waiting: Vec<Waiting>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    files: BTreeMap<PathBuf, Kept>,
    forgetful: bool,
}

/// The files after the cut, and how many writes were lost or torn.
#[derive(Debug)]
pub(crate) struct After {
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    pub(crate) lost: u64,
}

fn apply(content: &mut Vec<u8>, waiting: &Waiting, bytes_kept: usize) {
    match waiting {
        Waiting::Write { at, bytes } => {
            let bytes = &bytes[..bytes_kept.min(bytes.len())];
            if content.len() < at + bytes.len() {
                content.resize(at + bytes.len(), 0);
            }
            content[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        Waiting::Truncate { length } => content.resize(*length, 0),
    }
}

impl Image {
    /// A disk whose flushes do nothing.
    pub(crate) fn forgetful() -> Self {
        Self { forgetful: true, ..Self::default() }
    }

    pub(crate) fn happened(&mut self, event: &Event) {
        match event {
            Event::Write { file, at, bytes } => {
                let waiting = Waiting::Write { at: *at, bytes: bytes.clone() };
                self.files.entry(file.clone()).or_default().waiting.push(waiting);
            }
            Event::Truncate { file, length } => {
                self.files.entry(file.clone()).or_default().waiting.push(Waiting::Truncate { length: *length });
            }
            Event::Flushed { .. } if self.forgetful => {}
            Event::Flushed { file } => {
                let kept = self.files.entry(file.clone()).or_default();
                let content = kept.safe.get_or_insert_default();
                for waiting in kept.waiting.drain(..) {
                    apply(content, &waiting, usize::MAX);
                }
            }
            Event::Deleted { file } => {
                self.files.remove(file);
            }
            Event::Acknowledged(_) => {}
        }
    }

    pub(crate) fn after_the_cut(&self, chance: &mut Chance) -> After {
        let mut lost = 0;
        let mut files = BTreeMap::new();
        for (name, kept) in &self.files {
            let mut content = kept.safe.clone();
            for waiting in &kept.waiting {
                let length = match waiting {
                    Waiting::Write { bytes, .. } => bytes.len(),
                    Waiting::Truncate { .. } => 0,
                };
                match chance.below(3) {
                    0 => apply(content.get_or_insert_default(), waiting, usize::MAX),
                    1 if length > SECTOR => {
                        let sectors = chance.below((length / SECTOR) as u64) as usize;
                        apply(content.get_or_insert_default(), waiting, sectors * SECTOR);
                        lost += 1;
                    }
                    _ => lost += 1,
                }
            }
            files.extend(content.map(|content| (name.clone(), content)));
        }
        After { files, lost }
    }
}

/// SplitMix64: the same seed tears the same sectors.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
