//! SQLite's own way to its files, with a record of what it wrote and flushed. Everything is done by the system's VFS; only
//! writing, cutting, flushing, closing and deleting pass through here on their way.
#![expect(unsafe_code, reason = "a SQLite VFS is a table of C functions")]

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, OnceLock};

use rusqlite::ffi;

use super::disk::Event;

/// Of the folder that is watched; files elsewhere are nobody's business.
static WATCHED: Mutex<Option<(PathBuf, Vec<Event>)>> = Mutex::new(None);
/// Open files, by the address of SQLite's handle.
static OPEN: Mutex<Option<HashMap<usize, Handle>>> = Mutex::new(None);
/// Our tables of functions, by the address of the one that each stands for: databases and logs have different ones.
static TABLES: Mutex<Option<HashMap<usize, &'static ffi::sqlite3_io_methods>>> = Mutex::new(None);

#[derive(Clone)]
struct Handle {
    /// None: a temporary file.
    name: Option<PathBuf>,
    theirs: &'static ffi::sqlite3_io_methods,
}

/// The system's VFS. A raw pointer to what SQLite keeps for ever.
struct System(*mut ffi::sqlite3_vfs);

// SAFETY: it points to data that SQLite never frees once it is registered, and its functions may be called from any thread.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}

static SYSTEM: OnceLock<System> = OnceLock::new();

/// From now on what happens to files in this folder is recorded.
pub(crate) fn watch(folder: PathBuf) {
    register();
    *WATCHED.lock().unwrap() = Some((folder, Vec::new()));
}

pub(crate) fn acknowledged(commit: u64) {
    if let Some((_, events)) = WATCHED.lock().unwrap().as_mut() {
        events.push(Event::Acknowledged(commit));
    }
}

/// What happened since, in its order.
pub(crate) fn stop() -> Vec<Event> {
    WATCHED.lock().unwrap().take().map(|(_, events)| events).unwrap_or_default()
}

fn note(file: &Path, event: impl FnOnce(PathBuf) -> Event) {
    // The index of a write-ahead log is shared memory: no disk keeps it.
    if file.to_string_lossy().ends_with("-shm") {
        return;
    }
    if let Some((folder, events)) = WATCHED.lock().unwrap().as_mut()
        && let Ok(name) = file.strip_prefix(folder)
    {
        events.push(event(name.to_owned()));
    }
}

fn handle(file: *mut ffi::sqlite3_file) -> Handle {
    OPEN.lock().unwrap().as_ref().unwrap()[&(file as usize)].clone()
}

fn path(name: *const c_char) -> Option<PathBuf> {
    // SAFETY: SQLite hands over a name that ends with a zero, or none for temporary files.
    (!name.is_null()).then(|| PathBuf::from(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()))
}

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: asks for the default VFS, which lives as long as the process; the copy differs in its name and two
        // functions, is never freed, and becomes the default of this test's process alone.
        unsafe {
            let base = ffi::sqlite3_vfs_find(std::ptr::null());
            assert!(!base.is_null());
            let mut ours = std::ptr::read(base);
            ours.zName = c"watched".as_ptr();
            ours.pNext = std::ptr::null_mut();
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            assert!(SYSTEM.set(System(base)).is_ok());
            assert_eq!(ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1), ffi::SQLITE_OK);
        }
    });
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let system = SYSTEM.get().unwrap().0;
    // SAFETY: the arguments are SQLite's own, handed to the VFS that would have got them; `file` has room for that VFS's
    // handle because our copy names the same size. Its table of functions, which lives as long as the process, is exchanged
    // for one that records and then calls the table it replaces; version 2 leaves out memory-mapped access, which would go
    // past the record.
    unsafe {
        let answer = (*system).xOpen.unwrap()(system, name, file, flags, out);
        if answer == ffi::SQLITE_OK {
            let theirs: &'static ffi::sqlite3_io_methods = &*(*file).pMethods;
            let mut tables = TABLES.lock().unwrap();
            let ours = tables.get_or_insert_default().entry(std::ptr::from_ref(theirs) as usize).or_insert_with(|| {
                Box::leak(Box::new(ffi::sqlite3_io_methods {
                    iVersion: 2,
                    xWrite: Some(write),
                    xTruncate: Some(truncate),
                    xSync: Some(sync),
                    xClose: Some(close),
                    xFetch: None,
                    xUnfetch: None,
                    ..std::ptr::read(theirs)
                }))
            });
            (*file).pMethods = *ours;
            let handle = Handle { name: path(name), theirs };
            OPEN.lock().unwrap().get_or_insert_default().insert(file as usize, handle);
        }
        answer
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, bytes: *const c_void, length: c_int, at: i64) -> c_int {
    let handle = handle(file);
    if let Some(name) = &handle.name {
        // SAFETY: SQLite promises `length` bytes at `bytes` for the time of the call.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(length).unwrap()) };
        note(name, |file| Event::Write { file, at: usize::try_from(at).unwrap(), bytes: bytes.to_vec() });
    }
    // SAFETY: the call as SQLite made it.
    unsafe { handle.theirs.xWrite.unwrap()(file, bytes, length, at) }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    let handle = handle(file);
    if let Some(name) = &handle.name {
        note(name, |file| Event::Truncate { file, length: usize::try_from(length).unwrap() });
    }
    // SAFETY: the call as SQLite made it.
    unsafe { handle.theirs.xTruncate.unwrap()(file, length) }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let handle = handle(file);
    // SAFETY: the call as SQLite made it.
    let answer = unsafe { handle.theirs.xSync.unwrap()(file, flags) };
    if let Some(name) = handle.name.filter(|_| answer == ffi::SQLITE_OK) {
        note(&name, |file| Event::Flushed { file });
    }
    answer
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let handle = OPEN.lock().unwrap().as_mut().unwrap().remove(&(file as usize)).unwrap();
    // SAFETY: the call as SQLite made it.
    unsafe { handle.theirs.xClose.unwrap()(file) }
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    let vfs = SYSTEM.get().unwrap().0;
    // SAFETY: the call as SQLite made it, to the VFS that would have got it.
    let answer = unsafe { (*vfs).xDelete.unwrap()(vfs, name, sync) };
    if let Some(name) = path(name).filter(|_| answer == ffi::SQLITE_OK) {
        note(&name, |file| Event::Deleted { file });
    }
    answer
}
