import AVFoundation
import ManyhandsCore
import ManyhandsKit

/// The microphone's samples to AAC-LC of one channel, raw frames of 1,024 samples.
final class SoundEncoder {
    private let sink: any UnitSink
    private var converter: AVAudioConverter?
    /// Samples that were given so far, at the output's rate; times follow from it.
    private var given: Int64 = 0
    private var start: Int64?

    static let frame: Int64 = 1024
    /// What comes out was heard so much earlier (Apple, Technical Note TN2258: 2,112 samples); pictures
    /// are shifted by it, so that both stay together.
    static let lag = CMTime(value: 2112, timescale: CMTimeScale(Encoding.sampleRate))
    /// A gap of more than this, in samples, is a gap and no jitter.
    static let jitter: Int64 = 2400

    init(into sink: any UnitSink) {
        self.sink = sink
    }

    /// Codes sound that was heard at this time; silent, as many samples of nothing.
    func encode(_ sample: CMSampleBuffer, at time: CMTime, silent: Bool) {
        guard let input = Self.samples(sample) else { return }
        if silent { Self.silence(input) }
        guard let converter = converter(from: input.format) else { return }
        align(to: time)
        var waiting: AVAudioPCMBuffer? = input
        while let coded = Self.convert(converter, &waiting), coded.packetCount > 0 {
            give(coded)
        }
    }

    /// What is heard now is where the clock says, but for what an encoder's frames shift it by.
    private func align(to time: CMTime) {
        let at = Int64((time.seconds * Double(Encoding.sampleRate)).rounded())
        if let start, abs(start + given - at) <= Self.jitter { return }
        (start, given) = (max(at, (start ?? 0) + given), 0)
    }

    private func give(_ coded: AVAudioCompressedBuffer) {
        guard let packets = coded.packetDescriptions else { return }
        for index in 0..<Int(coded.packetCount) {
            let packet = packets[index]
            let unit = Data(
                bytes: coded.data.advanced(by: Int(packet.mStartOffset)), count: Int(packet.mDataByteSize))
            let at = (start ?? 0) + given
            given += Self.frame
            // Sound that is dropped is a gap; there is nothing to be mended.
            try? sink.pushAudio(unit, Times(dts: at, pts: at, duration: UInt32(Self.frame)))
        }
    }

    private func converter(from format: AVAudioFormat) -> AVAudioConverter? {
        if let converter, converter.inputFormat == format { return converter }
        var coded = AudioStreamBasicDescription()
        coded.mSampleRate = Double(Encoding.sampleRate)
        coded.mFormatID = kAudioFormatMPEG4AAC
        coded.mChannelsPerFrame = 1
        coded.mFramesPerPacket = UInt32(Self.frame)
        guard let output = AVAudioFormat(streamDescription: &coded) else { return nil }
        converter = AVAudioConverter(from: format, to: output)
        converter?.bitRate = Int(Encoding.soundBitrate)
        return converter
    }

    private static func convert(
        _ converter: AVAudioConverter, _ waiting: inout AVAudioPCMBuffer?
    ) -> AVAudioCompressedBuffer? {
        let coded = AVAudioCompressedBuffer(
            format: converter.outputFormat, packetCapacity: 8,
            maximumPacketSize: max(converter.maximumOutputPacketSize, 1))
        var failure: NSError?
        let next = waiting
        waiting = nil
        let feed = Feed(next)
        let status = converter.convert(to: coded, error: &failure) { _, state in
            let buffer = feed.take()
            state.pointee = buffer == nil ? .noDataNow : .haveData
            return buffer
        }
        return status == .error ? nil : coded
    }

    /// What the converter asks for, once.
    private final class Feed: @unchecked Sendable {
        private var buffer: AVAudioPCMBuffer?

        init(_ buffer: AVAudioPCMBuffer?) {
            self.buffer = buffer
        }

        func take() -> AVAudioPCMBuffer? {
            defer { buffer = nil }
            return buffer
        }
    }

    private static func samples(_ sample: CMSampleBuffer) -> AVAudioPCMBuffer? {
        guard let description = sample.formatDescription else { return nil }
        let format = AVAudioFormat(cmAudioFormatDescription: description)
        let count = AVAudioFrameCount(sample.numSamples)
        guard let buffer = AVAudioPCMBuffer(pcmFormat: format, frameCapacity: count) else { return nil }
        buffer.frameLength = count
        let status = CMSampleBufferCopyPCMDataIntoAudioBufferList(
            sample, at: 0, frameCount: Int32(count), into: buffer.mutableAudioBufferList)
        return status == noErr ? buffer : nil
    }

    private static func silence(_ buffer: AVAudioPCMBuffer) {
        for part in UnsafeMutableAudioBufferListPointer(buffer.mutableAudioBufferList) {
            part.mData?.initializeMemory(as: UInt8.self, repeating: 0, count: Int(part.mDataByteSize))
        }
    }
}
