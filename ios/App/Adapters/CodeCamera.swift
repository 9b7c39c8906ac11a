import AVFoundation
import SwiftUI
import UIKit

/// The camera that looks for a code. What it sees goes nowhere.
struct CodeCamera: UIViewRepresentable {
    final class Picture: UIView {
        override class var layerClass: AnyClass { AVCaptureVideoPreviewLayer.self }
        var preview: AVCaptureVideoPreviewLayer? { layer as? AVCaptureVideoPreviewLayer }
    }

    let found: @MainActor (String) -> Void

    func makeUIView(context: Context) -> Picture {
        let view = Picture(frame: .zero)
        view.preview?.session = context.coordinator.session
        view.preview?.videoGravity = .resizeAspectFill
        context.coordinator.start()
        return view
    }

    func updateUIView(_ view: Picture, context: Context) {}

    static func dismantleUIView(_ view: Picture, coordinator: Reader) {
        coordinator.stop()
    }

    func makeCoordinator() -> Reader { Reader(found) }

    /// Reads codes; each text is told once.
    final class Reader: NSObject, AVCaptureMetadataOutputObjectsDelegate, @unchecked Sendable {
        let session = AVCaptureSession()
        private let queue = DispatchQueue(label: "app.manyhands.code")
        private let found: @MainActor (String) -> Void
        private var last: String?

        init(_ found: @escaping @MainActor (String) -> Void) {
            self.found = found
        }

        func start() {
            queue.async {
                guard let camera = AVCaptureDevice.default(for: .video),
                    let input = try? AVCaptureDeviceInput(device: camera), self.session.canAddInput(input)
                else { return }
                self.session.addInput(input)
                let output = AVCaptureMetadataOutput()
                guard self.session.canAddOutput(output) else { return }
                self.session.addOutput(output)
                output.setMetadataObjectsDelegate(self, queue: self.queue)
                output.metadataObjectTypes = [.qr]
                self.session.startRunning()
            }
        }

        func stop() {
            queue.async { self.session.stopRunning() }
        }

        func metadataOutput(
            _ output: AVCaptureMetadataOutput, didOutput metadataObjects: [AVMetadataObject],
            from connection: AVCaptureConnection
        ) {
            let codes = metadataObjects.compactMap { $0 as? AVMetadataMachineReadableCodeObject }
            guard let text = codes.compactMap(\.stringValue).first, text != last else { return }
            last = text
            let found = found
            Task { @MainActor in found(text) }
        }
    }
}
