import Foundation
import ManyhandsCore

/// What the encoders make at first; what they make later is the core's to say.
public enum Encoding {
    /// The longer and the shorter side of the chosen picture, in pixels.
    static let sides: (long: UInt16, short: UInt16) = (1280, 720)
    /// Ticks a second of a picture's times.
    public static let pictureTicks: UInt32 = 90_000
    /// AAC-LC of one channel: samples a second, and bits a second.
    public static let sampleRate: UInt32 = 48_000
    public static let soundBitrate: UInt32 = 96_000

    /// The chosen picture, by how the phone is held.
    static func picture(upright: Bool) -> Picture {
        Picture(
            width: upright ? sides.short : sides.long, height: upright ? sides.long : sides.short,
            frameRate: 30, bitrate: 2_000_000)
    }
}

/// What the camera, the microphone and their encoders have to do now, whole.
public struct FilmingOrders: Equatable, Sendable {
    /// The camera and the microphone run, for the preview at least.
    public var open = false
    /// What they give is coded and handed on.
    public var coding = false
    /// The camera's picture is coded. When that begins again, it begins with a keyframe.
    public var camera = true
    /// Off, silence is handed on.
    public var sound = true
    public var front = false
    public var torch = false
    /// How near the picture is brought; 1 is not at all.
    public var zoom = 1.0
    /// What is to be sharp; a new one each time. Nothing: what the camera likes.
    public var sharp: Sharp?
    /// What the picture's encoder makes; its sides tell how the phone was held.
    public var picture = Encoding.picture(upright: true)

    public init() {}
}

/// A place that was tapped, and which of the taps it was.
public struct Sharp: Equatable, Sendable {
    public let spot: Spot
    public let number: Int
}

/// What the camera and the microphone report.
public enum FilmingEvent: Equatable, Sendable {
    case running
    /// Another app has the camera, or the system has taken it for now.
    case taken
    /// It doesn't start, or its encoder has stopped.
    case failed
    /// How warm the camera is.
    case warmth(DeviceReport.Warmth)
    /// How near this camera can bring something; 1 where it can't.
    case zooms(most: Double)
    /// How the phone is held.
    case turned(upright: Bool)
}

/// Takes what the encoders give.
public protocol UnitSink: Sendable {
    func setParameterSets(_ sets: [Data]) throws
    func pushVideo(_ unit: Data, _ times: Times) throws
    func pushAudio(_ unit: Data, _ times: Times) throws
}

extension Broadcasting: UnitSink {}

/// The camera, the microphone and their encoders: the one seam where what is filmed comes in.
public protocol Filming: Sendable {
    /// Follows orders; what is coded goes to the sink. Later orders replace earlier ones.
    func follow(_ orders: FilmingOrders, into sink: (any UnitSink)?) async
    /// For one consumer.
    var events: AsyncStream<FilmingEvent> { get }
}
