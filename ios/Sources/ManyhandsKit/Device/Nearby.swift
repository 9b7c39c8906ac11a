import Foundation

/// What a search of the local network brings.
public enum Sighting: Equatable, Sendable {
    /// A member of the broadcast, at `host:port`.
    case member(String)
    /// The person does not let this app search there.
    case refused
}

/// The system's own search of the local network. It only asks: nothing is said of this phone.
public protocol Nearby: Sendable {
    /// Searches until the stream's consumer ends. Of what turns up only that is resolved to an address
    /// whose mark is wanted.
    func search(_ wanted: @escaping @Sendable (Data) -> Bool) -> AsyncStream<Sighting>
}

/// Whether the person calls the network home in which the phone stands: only there others are looked for.
/// Nothing of it is kept, and no name of a network is read: it is forgotten when the phone leaves that
/// network, and when the app ends.
struct HomeNetwork: Equatable, Sendable {
    private(set) var isHome = false

    /// The person says it, or takes it back.
    mutating func say(_ home: Bool, on path: DeviceReport.Path) {
        isHome = home && path.canBeHome
    }

    /// The phone's network is this one, after a move or not.
    mutating func handle(_ path: DeviceReport.Path, moved: Bool) {
        if moved || !path.canBeHome { isHome = false }
    }
}

extension DeviceReport.Path {
    /// Somebody can be at home in it: it is no operator's.
    public var canBeHome: Bool { reachable && (kind == .wifi || kind == .ethernet) }
}
