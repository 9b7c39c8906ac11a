import Filmed
import Foundation
import ManyhandsCore
import Synchronization

@testable import ManyhandsKit

/// A camera that has filmed before: units of a film, coded, at the times at which an encoder would
/// give them. Without a film it only follows orders.
final class FilmCamera: Filming {
    let events: AsyncStream<FilmingEvent>
    let report: AsyncStream<FilmingEvent>.Continuation
    private let film: Film?
    private let state = Mutex<(orders: [FilmingOrders], rolling: Task<Void, Never>?)>(([], nil))

    init(_ film: Film?) {
        self.film = film
        (events, report) = AsyncStream.makeStream()
    }

    /// All orders so far.
    var orders: [FilmingOrders] { state.withLock { $0.orders } }
    /// What silence is when it is coded: an AAC frame with nothing in it.
    static let silence = Data([0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c])

    func follow(_ orders: FilmingOrders, into sink: (any UnitSink)?) async {
        let (film, before) = (film, self.orders.last)
        state.withLock { $0.orders.append(orders) }
        if orders.open, before?.open != true { report.yield(.running) }
        guard orders.coding != (before?.coding ?? false) else { return }
        let rolling = state.withLock { state in
            defer { state.rolling = nil }
            return state.rolling
        }
        rolling?.cancel()
        guard orders.coding, let sink, let film else { return }
        let task = Task { await self.roll(film, into: sink) }
        state.withLock { $0.rolling = task }
    }

    private func roll(_ film: Film, into sink: any UnitSink) async {
        let pictures = film.picture.units.map { (film.picture.seconds($0), $0, true) }
        let sounds = film.sound.units.map { (film.sound.seconds($0), $0, false) }
        let due = (pictures + sounds).sorted { $0.0 < $1.0 }
        let began = ContinuousClock.now
        do {
            try sink.setParameterSets(film.picture.parameterSets)
            for (at, unit, isPicture) in due {
                try await Task.sleep(until: began + .seconds(at - due[0].0), clock: .continuous)
                let orders = self.orders.last ?? FilmingOrders()
                if isPicture {
                    guard orders.camera else { continue }
                    try sink.pushVideo(unit.data, unit.times)
                } else {
                    try sink.pushAudio(orders.sound ? unit.data : Self.silence, unit.times)
                }
            }
        } catch {
            // The broadcast has ended, or the camera was told to stop.
        }
    }
}

/// A screen that keeps what it was shown.
final class Wall: Screening {
    struct Seen: Sendable {
        var pictures: [Due<VideoUnit>] = []
        var sounds: [Due<AudioUnit>] = []
        var orders: [ScreenOrders] = []
    }

    let events: AsyncStream<ScreenEvent>
    let report: AsyncStream<ScreenEvent>.Continuation
    private let seen = Mutex(Seen())
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    init() {
        (events, report) = AsyncStream.makeStream()
        (changes, changed) = AsyncStream.makeStream()
    }

    func hostUs() -> Int64 {
        let now = ContinuousClock.now - Self.began
        return now.components.seconds * 1_000_000 + now.components.attoseconds / 1_000_000_000_000
    }

    func show(_ picture: Due<VideoUnit>) async {
        seen.withLock { $0.pictures.append(picture) }
        changed.yield()
    }

    func hear(_ sound: Due<AudioUnit>) async {
        seen.withLock { $0.sounds.append(sound) }
        changed.yield()
    }

    func follow(_ orders: ScreenOrders) async {
        seen.withLock { $0.orders.append(orders) }
        changed.yield()
    }

    /// What was seen so far.
    var now: Seen { seen.withLock { $0 } }

    /// Waits until what was seen is so. One waiter at a time.
    @discardableResult
    func until(_ holds: @Sendable (Seen) -> Bool) async -> Seen {
        for await _ in changes {
            let seen = seen.withLock { $0 }
            if holds(seen) { return seen }
        }
        return seen.withLock { $0 }
    }

    private static let began = ContinuousClock.now
}
