// Stands in for Core Audio's types.

public typealias AudioFormatID = UInt32
public let kAudioFormatMPEG4AAC: AudioFormatID = 0x6161_6320
public let kAudioFormatOpus: AudioFormatID = 0x6f70_7573
public struct AudioStreamBasicDescription {
    public init() {}
    public var mSampleRate: Double = 0
    public var mFormatID: AudioFormatID = 0
    public var mFramesPerPacket: UInt32 = 0
    public var mChannelsPerFrame: UInt32 = 0
}
public struct AudioStreamPacketDescription {
    public var mStartOffset: Int64
    public var mDataByteSize: UInt32
}
public struct AudioBuffer {
    public var mDataByteSize: UInt32
    public var mData: UnsafeMutableRawPointer?
}
public struct AudioBufferList {}
public struct AudioChannelLayout {}
public struct UnsafeMutableAudioBufferListPointer: Sequence {
    public init(_ list: UnsafeMutablePointer<AudioBufferList>) {}
    public func makeIterator() -> AnyIterator<AudioBuffer> { stub() }
}
