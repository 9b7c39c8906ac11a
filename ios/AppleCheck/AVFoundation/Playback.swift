// Stands in for AVFoundation's playback and audio.

public protocol AVQueuedSampleBufferRendering: AnyObject {}
public enum AVQueuedSampleBufferRenderingStatus: Int, Sendable { case unknown, rendering, failed }
open class AVSampleBufferDisplayLayer: CALayer, AVQueuedSampleBufferRendering {
    public var videoGravity: AVLayerVideoGravity { get { stub() } set {} }
    public var isReadyForMoreMediaData: Bool { stub() }
    public var requiresFlushToResumeDecoding: Bool { stub() }
    public var status: AVQueuedSampleBufferRenderingStatus { stub() }
    public func enqueue(_ sampleBuffer: CMSampleBuffer) {}
    public func flush() {}
}
open class AVSampleBufferAudioRenderer: NSObject, AVQueuedSampleBufferRendering {
    public var isMuted: Bool { get { stub() } set {} }
    public func enqueue(_ sampleBuffer: CMSampleBuffer) {}
    public func flush() {}
}
open class AVSampleBufferRenderSynchronizer: NSObject {
    public var rate: Float { get { stub() } set {} }
    public func setRate(_ rate: Float, time: CMTime, atHostTime hostTime: CMTime) {}
    public func addRenderer(_ renderer: any AVQueuedSampleBufferRendering) {}
}

public let AVAudioSessionInterruptionTypeKey = ""
public let AVAudioSessionRouteChangeReasonKey = ""
open class AVAudioSession: NSObject, @unchecked Sendable {
    public enum InterruptionType: UInt, Sendable { case ended, began }
    public enum RouteChangeReason: UInt, Sendable { case unknown, newDeviceAvailable, oldDeviceUnavailable }
    public struct Category: Sendable { public static let playback: Category = stub() }
    public struct Mode: Sendable { public static let moviePlayback: Mode = stub() }
    public struct CategoryOptions: OptionSet, Sendable {
        public let rawValue: UInt
        public init(rawValue: UInt) { self.rawValue = rawValue }
    }
    public struct SetActiveOptions: OptionSet, Sendable {
        public let rawValue: UInt
        public init(rawValue: UInt) { self.rawValue = rawValue }
        public static let notifyOthersOnDeactivation = SetActiveOptions(rawValue: 1)
    }
    public class func sharedInstance() -> AVAudioSession { stub() }
    public func setCategory(_ category: Category, mode: Mode, options: CategoryOptions) throws {}
    public func setActive(_ active: Bool, options: SetActiveOptions) throws {}
    public static let interruptionNotification: Notification.Name = stub()
    public static let routeChangeNotification: Notification.Name = stub()
}

public typealias AVAudioFrameCount = UInt32
public typealias AVAudioPacketCount = UInt32
open class AVAudioFormat: NSObject {
    public init?(streamDescription asbd: UnsafePointer<AudioStreamBasicDescription>) { super.init() }
    public init(cmAudioFormatDescription formatDescription: CMAudioFormatDescription) { super.init() }
}
open class AVAudioBuffer: NSObject {
    public var format: AVAudioFormat { stub() }
    public var mutableAudioBufferList: UnsafeMutablePointer<AudioBufferList> { stub() }
}
open class AVAudioPCMBuffer: AVAudioBuffer {
    public init?(pcmFormat format: AVAudioFormat, frameCapacity: AVAudioFrameCount) { super.init() }
    public var frameLength: AVAudioFrameCount { get { stub() } set {} }
}
open class AVAudioCompressedBuffer: AVAudioBuffer {
    public init(format: AVAudioFormat, packetCapacity: AVAudioPacketCount, maximumPacketSize: Int) { super.init() }
    public var packetCount: AVAudioPacketCount { stub() }
    public var packetDescriptions: UnsafeMutablePointer<AudioStreamPacketDescription>? { stub() }
    public var data: UnsafeMutableRawPointer { stub() }
}
public enum AVAudioConverterInputStatus: Int, Sendable { case haveData, noDataNow, endOfStream }
public enum AVAudioConverterOutputStatus: Int, Sendable { case haveData, inputRanDry, endOfStream, error }
public typealias AVAudioConverterInputBlock =
    @Sendable (AVAudioPacketCount, UnsafeMutablePointer<AVAudioConverterInputStatus>) -> AVAudioBuffer?
public typealias NSErrorPointer = UnsafeMutablePointer<NSError?>?
open class AVAudioConverter: NSObject {
    public init?(from fromFormat: AVAudioFormat, to toFormat: AVAudioFormat) { super.init() }
    public var inputFormat: AVAudioFormat { stub() }
    public var outputFormat: AVAudioFormat { stub() }
    public var bitRate: Int { get { stub() } set {} }
    public var maximumOutputPacketSize: Int { stub() }
    public func convert(
        to outputBuffer: AVAudioBuffer, error outError: NSErrorPointer,
        withInputFrom inputBlock: @escaping AVAudioConverterInputBlock
    ) -> AVAudioConverterOutputStatus { stub() }
}
