import Foundation
import ManyhandsCore

/// A broadcast that goes out from here: what the encoders give is pushed in.
public final class Broadcasting: Sendable {
    private let broadcaster: Broadcaster
    private let sessionEvents: Pull<SessionEvent>

    /// Goes live. Throws a `Failure` when that can't be.
    public init(_ options: GoLive) throws {
        let broadcaster = try Broadcaster.goLive(options: options)
        self.broadcaster = broadcaster
        sessionEvents = Pull { try await broadcaster.nextEvent() }
    }

    deinit {
        broadcaster.stop()
    }

    /// The open invitation. It is a secret.
    public var link: String { broadcaster.link() }

    /// What happens.
    public var events: AsyncThrowingStream<SessionEvent, any Error> { sessionEvents.stream }

    /// Takes the picture's parameter sets, as a format description has them: whole NAL units.
    public func setParameterSets(_ sets: [Data]) throws {
        try broadcaster.setParameterSets(sets: sets)
    }

    /// Takes a coded picture, without copying it on this side. Never waits.
    public func pushVideo(_ unit: Data, _ times: Times) throws {
        try broadcaster.pushVideo(data: unit, times: times)
    }

    /// Takes a coded sound, likewise.
    public func pushAudio(_ unit: Data, _ times: Times) throws {
        try broadcaster.pushAudio(data: unit, times: times)
    }

    /// Figures of this moment; nothing when it has ended.
    public func figures() async -> Figures? { await broadcaster.figures() }

    /// Changes how much may leave, bits a second; nothing for no limit.
    public func setUploadLimit(_ bitsPerSecond: UInt64?) async {
        await broadcaster.setUploadLimit(limitBps: bitsPerSecond)
    }

    /// Takes what the device reports now: heat and network count for the health and the picture.
    public func setDevice(_ device: DeviceState) async {
        await broadcaster.setDevice(device: device)
    }

    /// The phone stands in another network.
    public func networkChanged() async { await broadcaster.networkChanged() }

    /// Changes what viewers get. What is pushed although it isn't to be sent goes no further, and a
    /// picture comes back with the next keyframe.
    public func setOnAir(_ onAir: OnAir) async {
        await broadcaster.setOnAir(onAir: onAir)
    }

    /// Says to everybody that it is over, and gives the last figures.
    public func finish() async -> Figures? { await broadcaster.finish() }

    /// Ends every stream at once, and finishes meanwhile.
    public func close() {
        broadcaster.stop()
    }
}
