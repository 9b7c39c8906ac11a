import AVFoundation
import ManyhandsCore

/// The core's units as the renderers take them.
enum SampleBuffers {
    /// A picture's format from its parameter sets; nothing when the system finds them wrong.
    static func format(_ format: VideoFormat) -> CMFormatDescription? {
        let sets = (format.sps + format.pps).map { [UInt8]($0) }
        // The pointers hold until the description has copied what they point to.
        let copies = sets.map { set in
            let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(set.count, 1))
            copy.initialize(from: set, count: set.count)
            return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        var made: CMFormatDescription?
        let status = CMVideoFormatDescriptionCreateFromH264ParameterSets(
            allocator: nil, parameterSetCount: sets.count,
            parameterSetPointers: copies.map { UnsafePointer($0) }, parameterSetSizes: sets.map(\.count),
            nalUnitHeaderLength: 4, formatDescriptionOut: &made)
        return status == noErr ? made : nil
    }

    /// A sound's format: AAC with what describes it, or Opus.
    static func format(_ format: AudioFormat) -> CMFormatDescription? {
        var basic = AudioStreamBasicDescription()
        basic.mSampleRate = Double(format.sampleRate)
        basic.mChannelsPerFrame = UInt32(format.channels)
        switch format.codec {
        case .aac:
            (basic.mFormatID, basic.mFramesPerPacket) = (kAudioFormatMPEG4AAC, 1024)
        case .opus:
            // 20 ms, as everybody makes it; the times of a packet are its own.
            (basic.mFormatID, basic.mFramesPerPacket) = (kAudioFormatOpus, 960)
        }
        let cookie = [UInt8](format.config)
        var made: CMFormatDescription?
        let status = CMAudioFormatDescriptionCreate(
            allocator: nil, asbd: &basic, layoutSize: 0, layout: nil, magicCookieSize: cookie.count,
            magicCookie: cookie, extensions: nil, formatDescriptionOut: &made)
        return status == noErr ? made : nil
    }

    static func picture(
        _ data: Data, _ format: CMFormatDescription, at us: Int64, _ keyframe: Bool
    ) -> CMSampleBuffer? {
        guard let sample = sample(data, format, at: us) else { return nil }
        if !keyframe {
            let attachments = sample.sampleAttachments
            if attachments.count > 0 { attachments[0][.notSync] = true }
        }
        return sample
    }

    static func sound(_ data: Data, _ format: CMFormatDescription, at us: Int64) -> CMSampleBuffer? {
        sample(data, format, at: us)
    }

    private static func sample(
        _ data: Data, _ format: CMFormatDescription, at us: Int64
    ) -> CMSampleBuffer? {
        var block: CMBlockBuffer?
        var status = CMBlockBufferCreateWithMemoryBlock(
            allocator: nil, memoryBlock: nil, blockLength: data.count, blockAllocator: nil,
            customBlockSource: nil, offsetToData: 0, dataLength: data.count,
            flags: kCMBlockBufferAssureMemoryNowFlag, blockBufferOut: &block)
        guard status == noErr, let block else { return nil }
        status = data.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return -1 }
            return CMBlockBufferReplaceDataBytes(
                with: base, blockBuffer: block, offsetIntoDestination: 0, dataLength: data.count)
        }
        guard status == noErr else { return nil }
        var timing = CMSampleTimingInfo(
            duration: .invalid, presentationTimeStamp: CMTime(value: us, timescale: 1_000_000),
            decodeTimeStamp: .invalid)
        var size = data.count
        var made: CMSampleBuffer?
        status = CMSampleBufferCreateReady(
            allocator: nil, dataBuffer: block, formatDescription: format, sampleCount: 1,
            sampleTimingEntryCount: 1, sampleTimingArray: &timing, sampleSizeEntryCount: 1,
            sampleSizeArray: &size, sampleBufferOut: &made)
        return status == noErr ? made : nil
    }
}
