import Foundation
import ManyhandsCore

/// A broadcast that is watched: units for the decoders, when they are due.
public final class Watching: Sendable {
    private let viewer: Viewer
    private let videoUnits: Pull<VideoUnit>
    private let audioUnits: Pull<AudioUnit>
    private let sessionEvents: Pull<SessionEvent>

    /// Joins. Throws a `Failure` when the link can't be used.
    public init(_ options: Join) throws {
        let viewer = try Viewer.join(options: options)
        self.viewer = viewer
        videoUnits = Pull { try await viewer.nextVideoUnit() }
        audioUnits = Pull { try await viewer.nextAudioUnit() }
        sessionEvents = Pull { try await viewer.nextEvent() }
    }

    deinit {
        viewer.stop()
    }

    /// Coded pictures, from where the last consumer stopped. Fails with a `Failure` when the broadcast
    /// was not ended by its broadcaster.
    public var pictures: AsyncThrowingStream<VideoUnit, any Error> { videoUnits.stream }

    /// Coded sound, likewise.
    public var sounds: AsyncThrowingStream<AudioUnit, any Error> { audioUnits.stream }

    /// What happens.
    public var events: AsyncThrowingStream<SessionEvent, any Error> { sessionEvents.stream }

    /// The broadcast's title; empty until it is known.
    public var title: String { viewer.title() }

    /// Where it can be dialled, as `host:port`.
    public var addresses: [String] { viewer.addresses() }

    /// The person calls the network home, or not any more.
    public func setLocal(_ on: Bool) async {
        await viewer.setLocal(on: on)
    }

    /// Whether a mark that was seen on the local network is that of this broadcast.
    public func isMarked(_ mark: Data) -> Bool {
        viewer.isMarked(mark: mark)
    }

    /// The system has found a member of this broadcast at this address.
    public func found(_ address: String) async throws {
        try await viewer.found(address: address)
    }

    /// Figures of this moment; nothing when it was left.
    public func figures() async -> Figures? { await viewer.figures() }

    /// Changes how much may leave, bits a second; nothing for no limit.
    public func setUploadLimit(_ bitsPerSecond: UInt64?) async {
        await viewer.setUploadLimit(limitBps: bitsPerSecond)
    }

    /// Takes what the device reports now. What is worse acts at once, what is better after ten seconds.
    public func setDevice(_ device: DeviceState) async {
        await viewer.setDevice(device: device)
    }

    /// The phone stands in another network.
    public func networkChanged() async { await viewer.networkChanged() }

    /// Changes what the person allows; acts at once.
    public func setLending(_ limits: LendingLimits) async {
        await viewer.setLending(limits: limits)
    }

    /// Stands still, and keeps what comes for about twenty seconds; or goes on where it stood.
    public func setPaused(_ paused: Bool) async {
        await viewer.setPaused(paused: paused)
    }

    /// Goes on, if it stood, and to what is live.
    public func goLive() async {
        await viewer.goLive()
    }

    /// Leaves in good order, and gives the last figures.
    public func leave() async -> Figures? { await viewer.leave() }

    /// Ends every stream at once, and leaves in good order meanwhile.
    public func close() {
        viewer.stop()
    }
}
