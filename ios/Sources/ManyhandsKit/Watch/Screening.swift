import ManyhandsCore

/// What the decoders and the renderers have to do now, whole.
public struct ScreenOrders: Equatable, Sendable {
    /// Units are shown and heard. Else they are thrown away, so that playing again is at live.
    public var plays = false
    public var sound = true

    public init() {}
}

/// What the renderers and the system's sound report.
public enum ScreenEvent: Equatable, Sendable {
    /// A decoder gave up; it has forgotten everything and waits for a keyframe.
    case decoderFailed
    /// A picture was decoded again.
    case recovered
    /// Headphones were pulled out, or their connection is gone.
    case headphonesOut
    /// A call or another app takes the sound, until it is given back.
    case interrupted(Bool)
    /// The small picture is up, or was closed by the person.
    case smallPicture(Bool)
}

/// A unit and when it is due, in microseconds of the renderer's own time line.
public struct Due<Unit: Sendable>: Sendable {
    public let unit: Unit
    public let atUs: Int64
    /// The time line jumps: from now on this is what the renderer's clock has to say at `shownUs`.
    public let clock: ClockSetting?
}

/// The renderer's clock says `timeUs` when the system's says `hostUs`, and then runs at the rate of 1.
public struct ClockSetting: Equatable, Sendable {
    public let timeUs: Int64
    public let hostUs: Int64
}

/// Decoders and renderers: the one seam where a stream goes out to eyes and ears.
public protocol Screening: Sendable {
    /// The system's clock that the renderer's is set by, microseconds.
    func hostUs() -> Int64
    /// Takes a picture; waits while the renderer is full.
    func show(_ picture: Due<VideoUnit>) async
    /// Takes a sound, likewise.
    func hear(_ sound: Due<AudioUnit>) async
    /// Follows orders. From not playing to playing everything old is forgotten.
    func follow(_ orders: ScreenOrders) async
    /// For one consumer.
    var events: AsyncStream<ScreenEvent> { get }
}
