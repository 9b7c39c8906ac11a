// Stands in for Core Video.

public class CVBuffer {}
public typealias CVImageBuffer = CVBuffer
public typealias CVPixelBuffer = CVBuffer
nonisolated(unsafe) public let kCVPixelBufferPixelFormatTypeKey: CFString = stub()
public let kCVPixelFormatType_420YpCbCr8BiPlanarVideoRange: UInt32 = 0x3432_3076
