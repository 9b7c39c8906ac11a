import Foundation
import ManyhandsCore

/// A place for a few small things of the app that outlive its process.
public protocol Keeping: Sendable {
    /// What is kept under a name; nothing when nothing is, or when it can't be read.
    func read(_ name: String) -> Data?
    /// Keeps it under a name; nothing deletes.
    func write(_ name: String, _ data: Data?) throws
}

extension Keeping {
    func value<Value: Decodable>(_ name: String, as _: Value.Type = Value.self) -> Value? {
        read(name).flatMap { try? JSONDecoder().decode(Value.self, from: $0) }
    }

    func keep(_ name: String, _ value: some Encodable) {
        // What can't be kept is asked again the next time; nothing that runs depends on it.
        try? write(name, JSONEncoder().encode(value))
    }
}

/// The phone's own channel: made once, and kept where only this phone can read it.
public struct OwnChannel: Sendable {
    private struct Kept: Codable {
        var seed: Data
        var invite: Data
        /// The number of the last broadcast, 0 before the first.
        var broadcasts: UInt64
    }

    private static let name = "channel"
    private let vault: any Keeping

    /// The vault is the system's key chain.
    public init(_ vault: any Keeping) {
        self.vault = vault
    }

    /// Keys and the next broadcast's number. Throws when the keys of a new channel can't be kept: a
    /// link that is lost at the next start must not be given to anybody.
    public func next() throws -> (keys: ChannelKeys, broadcast: UInt64) {
        let kept = try keep { $0.broadcasts += 1 }
        return (ChannelKeys(seed: kept.seed, invite: kept.invite), kept.broadcasts)
    }

    /// My link, which leads to this channel before the first broadcast as well. It is a secret.
    /// Throws like `next`.
    public func link() throws -> String {
        let kept = try keep { _ in }
        return try openLink(keys: ChannelKeys(seed: kept.seed, invite: kept.invite))
    }

    private func keep(_ change: (inout Kept) -> Void) throws -> Kept {
        var kept: Kept = vault.value(Self.name) ?? Self.new()
        change(&kept)
        try vault.write(Self.name, JSONEncoder().encode(kept))
        return kept
    }

    /// Forgets the channel: its link leads to nobody from now on.
    public func erase() {
        try? vault.write(Self.name, nil)
    }

    private static func new() -> Kept {
        let keys = newChannel()
        return Kept(seed: keys.seed, invite: keys.invite, broadcasts: 0)
    }
}
