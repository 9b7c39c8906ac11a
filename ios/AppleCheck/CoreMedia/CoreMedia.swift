// Stands in for Core Media.

public typealias CMTimeValue = Int64
public typealias CMTimeScale = Int32
public struct CMTime: Sendable, Comparable {
    public init(value: CMTimeValue, timescale: CMTimeScale) {}
    public var seconds: Double { stub() }
    public var isValid: Bool { stub() }
    public static let invalid: CMTime = stub()
    public static let negativeInfinity: CMTime = stub()
    public static let positiveInfinity: CMTime = stub()
    public static func < (one: CMTime, other: CMTime) -> Bool { stub() }
    public static func - (one: CMTime, other: CMTime) -> CMTime { stub() }
    public static func + (one: CMTime, other: CMTime) -> CMTime { stub() }
}
public struct CMTimeRange: Sendable {
    public init(start: CMTime, duration: CMTime) {}
}
public class CMClock {}
public func CMClockGetHostTimeClock() -> CMClock { stub() }
public func CMClockGetTime(_ clock: CMClock) -> CMTime { stub() }

public struct CMSampleTimingInfo {
    public init(duration: CMTime, presentationTimeStamp: CMTime, decodeTimeStamp: CMTime) {}
}
public typealias CMVideoCodecType = UInt32
public let kCMVideoCodecType_H264: CMVideoCodecType = 0x6176_6331
public struct CMVideoDimensions: Sendable {}
public class CMFormatDescription {}
public typealias CMVideoFormatDescription = CMFormatDescription
public typealias CMAudioFormatDescription = CMFormatDescription
public class CMBlockBuffer {
    public func dataBytes() throws -> Data { stub() }
}
public let kCMBlockBufferAssureMemoryNowFlag: UInt32 = 1
public class CMSampleBuffer {
    public var presentationTimeStamp: CMTime { stub() }
    public var numSamples: Int { stub() }
    public var imageBuffer: CVImageBuffer? { stub() }
    public var dataBuffer: CMBlockBuffer? { stub() }
    public var formatDescription: CMFormatDescription? { stub() }
    public var sampleAttachments: SampleAttachments { stub() }

    public class SampleAttachments {
        public var count: Int { stub() }
        public subscript(index: Int) -> Attachments { get { stub() } set {} }
    }
    public struct Attachments {
        public struct Key: Sendable { public static let notSync: Key = stub() }
        public subscript(key: Key) -> Any? { get { stub() } nonmutating set {} }
    }
}
public func CMBlockBufferCreateWithMemoryBlock(
    allocator: CFAllocator?, memoryBlock: UnsafeMutableRawPointer?, blockLength: Int,
    blockAllocator: CFAllocator?, customBlockSource: UnsafeRawPointer?, offsetToData: Int, dataLength: Int,
    flags: UInt32, blockBufferOut: UnsafeMutablePointer<CMBlockBuffer?>
) -> OSStatus { stub() }
public func CMBlockBufferReplaceDataBytes(
    with sourceBytes: UnsafeRawPointer, blockBuffer: CMBlockBuffer, offsetIntoDestination: Int,
    dataLength: Int
) -> OSStatus { stub() }
public func CMSampleBufferCreateReady(
    allocator: CFAllocator?, dataBuffer: CMBlockBuffer?, formatDescription: CMFormatDescription?,
    sampleCount: Int, sampleTimingEntryCount: Int, sampleTimingArray: UnsafePointer<CMSampleTimingInfo>?,
    sampleSizeEntryCount: Int, sampleSizeArray: UnsafePointer<Int>?,
    sampleBufferOut: UnsafeMutablePointer<CMSampleBuffer?>
) -> OSStatus { stub() }
public func CMSampleBufferCopyPCMDataIntoAudioBufferList(
    _ sampleBuffer: CMSampleBuffer, at frameOffset: Int32, frameCount: Int32,
    into bufferList: UnsafeMutablePointer<AudioBufferList>
) -> OSStatus { stub() }
public func CMVideoFormatDescriptionCreateFromH264ParameterSets(
    allocator: CFAllocator?, parameterSetCount: Int,
    parameterSetPointers: UnsafePointer<UnsafePointer<UInt8>>, parameterSetSizes: UnsafePointer<Int>,
    nalUnitHeaderLength: Int32, formatDescriptionOut: UnsafeMutablePointer<CMFormatDescription?>
) -> OSStatus { stub() }
public func CMVideoFormatDescriptionGetH264ParameterSetAtIndex(
    _ videoDesc: CMFormatDescription, parameterSetIndex: Int,
    parameterSetPointerOut: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    parameterSetSizeOut: UnsafeMutablePointer<Int>?, parameterSetCountOut: UnsafeMutablePointer<Int>?,
    nalUnitHeaderLengthOut: UnsafeMutablePointer<Int32>?
) -> OSStatus { stub() }
public func CMAudioFormatDescriptionCreate(
    allocator: CFAllocator?, asbd: UnsafePointer<AudioStreamBasicDescription>, layoutSize: Int,
    layout: UnsafePointer<AudioChannelLayout>?, magicCookieSize: Int, magicCookie: UnsafeRawPointer?,
    extensions: CFDictionary?, formatDescriptionOut: UnsafeMutablePointer<CMAudioFormatDescription?>
) -> OSStatus { stub() }
