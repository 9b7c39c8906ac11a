/// Where in the app the person is, with what was typed: all that has to be back after the system has
/// ended the process. It holds a link, which is a secret, so it is kept like one.
public struct Place: Codable, Equatable, Sendable {
    static let name = "place"

    public enum Screen: String, Codable, Sendable {
        case firstRun, home, primer, preview, live, ended, watch, openLink
    }

    public enum Sheet: String, Codable, Sendable, Identifiable {
        case lending, invite

        public var id: String { rawValue }
    }

    /// What a primer asks for.
    public enum Purpose: String, Codable, Sendable {
        case broadcast, scan
    }

    public var screen = Screen.home
    public var sheet: Sheet?
    public var purpose = Purpose.broadcast
    /// The link that is watched.
    public var link: String?
    /// What stands in the field for a link.
    public var typed = ""
    /// What stands in the field for a title.
    public var title: String?

    public init() {}

    /// The place after the process is gone: a broadcast has ended with it, all else is as it was.
    var restored: Place {
        var place = self
        if [.live, .ended].contains(screen) { (place.screen, place.sheet) = (.home, nil) }
        if screen == .watch, link == nil { place.screen = .home }
        return place
    }
}
