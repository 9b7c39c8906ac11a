//! What the core tells goes to the platform's own log, warnings and worse. Elsewhere the program
//! around decides.

/// The name under which it stands in the platform's log.
#[cfg(any(target_os = "android", target_vendor = "apple"))]
const NAME: &str = "manyhands";

/// Sets it up; a log that is there already stays.
#[cfg(target_os = "android")]
pub(crate) fn begin() {
    let config = android_logger::Config::default().with_tag(NAME);
    android_logger::init_once(config.with_max_level(log::LevelFilter::Warn));
}

/// Sets it up; a log that is there already stays.
#[cfg(target_vendor = "apple")]
pub(crate) fn begin() {
    let logger = oslog::OsLogger::new(NAME).level_filter(log::LevelFilter::Warn);
    let _ = logger.init();
}

/// Nothing to set up here.
#[cfg(not(any(target_os = "android", target_vendor = "apple")))]
pub(crate) fn begin() {}
