import CoreImage
import Foundation

/// A picture that the person has chosen, as a screenshot of a code.
enum CodeInPicture {
    /// What the code in it says; nothing when there is none, or no picture.
    static func read(_ picture: Data) -> String? {
        guard let image = CIImage(data: picture),
            let detector = CIDetector(ofType: CIDetectorTypeQRCode, context: nil, options: nil)
        else { return nil }
        return detector.features(in: image).compactMap { ($0 as? CIQRCodeFeature)?.messageString }.first
    }
}
