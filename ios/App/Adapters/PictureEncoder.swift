import AVFoundation
import ManyhandsCore
import ManyhandsKit
import VideoToolbox

/// VideoToolbox: pictures to H.264, NAL units behind 4-byte lengths.
final class PictureEncoder: @unchecked Sendable {
    private let session: VTCompressionSession
    private let sink: any UnitSink
    private let made: Picture
    private let ticks: UInt32
    // Both belong to the capture's queue.
    private var least = CMTime.invalid
    private var last: CMTime?
    // Set on the capture's queue, read on the encoder's.
    private let wantsKeyframe = Flag()

    /// How long a newcomer waits for a picture at most, seconds.
    static let keyframeInterval = 1

    /// Nothing where the system gives no encoder now.
    init?(_ picture: Picture, into sink: any UnitSink) {
        var made: VTCompressionSession?
        let status = VTCompressionSessionCreate(
            allocator: nil, width: Int32(picture.width), height: Int32(picture.height),
            codecType: kCMVideoCodecType_H264, encoderSpecification: nil, imageBufferAttributes: nil,
            compressedDataAllocator: nil, outputCallback: nil, refcon: nil, compressionSessionOut: &made)
        guard status == noErr, let made else { return nil }
        (session, self.sink, self.made) = (made, sink, picture)
        ticks = Encoding.pictureTicks / UInt32(max(picture.frameRate, 1))
        // The system's low-latency mode is left off: with it only the first picture is a keyframe.
        set(kVTCompressionPropertyKey_RealTime, NSNumber(value: true))
        set(kVTCompressionPropertyKey_AllowFrameReordering, NSNumber(value: false))
        set(kVTCompressionPropertyKey_ProfileLevel, kVTProfileLevel_H264_Main_AutoLevel)
        set(kVTCompressionPropertyKey_MaxKeyFrameIntervalDuration, NSNumber(value: Self.keyframeInterval))
        follow(picture)
        _ = VTCompressionSessionPrepareToEncodeFrames(made)
    }

    /// Whether a picture can be made without a new encoder.
    func hasSides(of picture: Picture) -> Bool {
        picture.width == made.width && picture.height == made.height
    }

    /// Fewer or more bits from now on.
    func follow(_ picture: Picture) {
        set(kVTCompressionPropertyKey_ExpectedFrameRate, NSNumber(value: picture.frameRate))
        set(kVTCompressionPropertyKey_AverageBitRate, NSNumber(value: picture.bitrate))
        // No second may hold more than half as much again: bytes, then seconds.
        let most = NSNumber(value: picture.bitrate / 8 * 3 / 2)
        set(kVTCompressionPropertyKey_DataRateLimits, [most, NSNumber(value: 1)] as NSArray)
        let ticks = CMTimeValue(Encoding.pictureTicks) / CMTimeValue(max(picture.frameRate, 1))
        // The camera may give more pictures than are wanted; by half a beat it may be off.
        least = CMTime(value: ticks / 2, timescale: CMTimeScale(Encoding.pictureTicks))
    }

    deinit {
        VTCompressionSessionInvalidate(session)
    }

    private func set(_ key: CFString, _ value: CFTypeRef) {
        // An encoder without a property does without; what it makes is checked by the core.
        _ = VTSessionSetProperty(session, key: key, value: value)
    }

    func needsKeyframe() {
        wantsKeyframe.set(true)
    }

    /// Codes a picture that was taken at this time. False when the encoder is gone.
    func encode(_ image: CVPixelBuffer, at time: CMTime) -> Bool {
        if let last, time < last + least { return true }
        last = time
        var forced: NSDictionary?
        if wantsKeyframe.lower() {
            forced = [kVTEncodeFrameOptionKey_ForceKeyFrame as NSString: NSNumber(value: true)]
        }
        let status = VTCompressionSessionEncodeFrame(
            session, imageBuffer: image, presentationTimeStamp: time, duration: .invalid,
            frameProperties: forced as CFDictionary?, infoFlagsOut: nil
        ) { [weak self] status, flags, coded in
            guard status == noErr, !flags.contains(.frameDropped), let coded else { return }
            self?.give(coded)
        }
        return status == noErr
    }

    private func give(_ coded: CMSampleBuffer) {
        guard let data = coded.dataBuffer, let unit = try? data.dataBytes() else { return }
        let at = Int64((coded.presentationTimeStamp.seconds * Double(Encoding.pictureTicks)).rounded())
        do {
            if let sets = Self.parameterSets(coded) { try sink.setParameterSets(sets) }
            try sink.pushVideo(unit, Times(dts: at, pts: at, duration: ticks))
        } catch {
            // It was dropped, or is over; a keyframe makes the rest usable again.
            needsKeyframe()
        }
    }

    private static func parameterSets(_ coded: CMSampleBuffer) -> [Data]? {
        guard let format = coded.formatDescription else { return nil }
        var sets: [Data] = []
        for index in 0..<2 {
            var bytes: UnsafePointer<UInt8>?
            var size = 0
            let status = CMVideoFormatDescriptionGetH264ParameterSetAtIndex(
                format, parameterSetIndex: index, parameterSetPointerOut: &bytes, parameterSetSizeOut: &size,
                parameterSetCountOut: nil, nalUnitHeaderLengthOut: nil)
            guard status == noErr, let bytes else { return nil }
            sets.append(Data(bytes: bytes, count: size))
        }
        return sets
    }
}
