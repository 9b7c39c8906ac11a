// Stands in for VideoToolbox.
@_exported import CoreMedia

public class VTCompressionSession {}
public typealias VTSession = AnyObject
public struct VTEncodeInfoFlags: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let frameDropped = VTEncodeInfoFlags(rawValue: 2)
}
public typealias VTCompressionOutputHandler = (OSStatus, VTEncodeInfoFlags, CMSampleBuffer?) -> Void
public typealias VTCompressionOutputCallback =
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, OSStatus, UInt32, UnsafeRawPointer?
    ) -> Void
public func VTCompressionSessionCreate(
    allocator: CFAllocator?, width: Int32, height: Int32, codecType: CMVideoCodecType,
    encoderSpecification: CFDictionary?, imageBufferAttributes: CFDictionary?,
    compressedDataAllocator: CFAllocator?, outputCallback: VTCompressionOutputCallback?,
    refcon: UnsafeMutableRawPointer?, compressionSessionOut: UnsafeMutablePointer<VTCompressionSession?>
) -> OSStatus { stub() }
public func VTCompressionSessionPrepareToEncodeFrames(_ session: VTCompressionSession) -> OSStatus { stub() }
public func VTCompressionSessionEncodeFrame(
    _ session: VTCompressionSession, imageBuffer: CVImageBuffer, presentationTimeStamp: CMTime,
    duration: CMTime, frameProperties: CFDictionary?,
    infoFlagsOut: UnsafeMutablePointer<VTEncodeInfoFlags>?,
    outputHandler: @escaping VTCompressionOutputHandler
) -> OSStatus { stub() }
public func VTCompressionSessionInvalidate(_ session: VTCompressionSession) {}
public func VTSessionSetProperty(
    _ session: VTSession, key propertyKey: CFString, value propertyValue: CFTypeRef?
) -> OSStatus { stub() }
nonisolated(unsafe) public let kVTCompressionPropertyKey_RealTime: CFString = stub()
nonisolated(unsafe) public let kVTCompressionPropertyKey_AllowFrameReordering: CFString = stub()
nonisolated(unsafe) public let kVTCompressionPropertyKey_AverageBitRate: CFString = stub()
nonisolated(unsafe) public let kVTCompressionPropertyKey_DataRateLimits: CFString = stub()
nonisolated(unsafe) public let kVTCompressionPropertyKey_ExpectedFrameRate: CFString = stub()
nonisolated(unsafe) public let kVTCompressionPropertyKey_MaxKeyFrameIntervalDuration: CFString = stub()
nonisolated(unsafe) public let kVTCompressionPropertyKey_ProfileLevel: CFString = stub()
nonisolated(unsafe) public let kVTProfileLevel_H264_Main_AutoLevel: CFString = stub()
nonisolated(unsafe) public let kVTEncodeFrameOptionKey_ForceKeyFrame: CFString = stub()
