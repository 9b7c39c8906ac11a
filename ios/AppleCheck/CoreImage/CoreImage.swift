// Stands in for CoreImage.
@_exported import Foundation

public let CIDetectorTypeQRCode = ""
open class CIContext: NSObject {}
open class CIImage: NSObject {
    public init?(data: Data) { super.init() }
}
open class CIFeature: NSObject {}
open class CIQRCodeFeature: CIFeature {
    public var messageString: String? { fatalError() }
}
open class CIDetector: NSObject {
    public init?(ofType type: String, context: CIContext?, options: [String: Any]?) { super.init() }
    public func features(in image: CIImage) -> [CIFeature] { fatalError() }
}
