import AVFoundation
import SwiftUI
import UIKit

/// What the camera sees, for oneself: mirrored in front, as in a mirror.
struct CameraPicture: UIViewRepresentable {
    final class Picture: UIView {
        override class var layerClass: AnyClass { AVCaptureVideoPreviewLayer.self }
        var preview: AVCaptureVideoPreviewLayer? { layer as? AVCaptureVideoPreviewLayer }
    }

    let capture: CameraCapture

    func makeUIView(context: Context) -> Picture {
        let view = Picture(frame: .zero)
        view.preview?.session = capture.session
        view.preview?.videoGravity = .resizeAspect
        view.isAccessibilityElement = false
        return view
    }

    func updateUIView(_ view: Picture, context: Context) {}
}

/// What is watched.
struct WatchedPicture: UIViewRepresentable {
    final class Picture: UIView {
        let shown: CALayer

        init(_ shown: CALayer) {
            self.shown = shown
            super.init(frame: .zero)
            layer.addSublayer(shown)
        }

        required init?(coder: NSCoder) { nil }

        override func layoutSubviews() {
            super.layoutSubviews()
            shown.frame = bounds
        }
    }

    let layer: CALayer

    func makeUIView(context: Context) -> Picture { Picture(layer) }
    func updateUIView(_ view: Picture, context: Context) {}
}
