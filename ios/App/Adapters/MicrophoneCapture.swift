import AVFoundation

/// The microphone, raw, in a session of its own: the system stops the camera's when the app is left,
/// and sound goes on. All of it belongs to the queue.
final class MicrophoneCapture: NSObject, @unchecked Sendable {
    var onSound: ((CMSampleBuffer) -> Void)?

    private let session = AVCaptureSession()
    private let sounds = AVCaptureAudioDataOutput()

    init(_ queue: DispatchQueue) {
        super.init()
        sounds.setSampleBufferDelegate(self, queue: queue)
    }

    /// On the queue.
    func follow(open: Bool) {
        guard open else { return session.stopRunning() }
        if session.inputs.isEmpty { configure() }
        if !session.isRunning { session.startRunning() }
    }

    private func configure() {
        session.beginConfiguration()
        defer { session.commitConfiguration() }
        guard let microphone = AVCaptureDevice.default(for: .audio),
            let input = try? AVCaptureDeviceInput(device: microphone), session.canAddInput(input)
        else { return }
        session.addInput(input)
        if session.canAddOutput(sounds) { session.addOutput(sounds) }
    }
}

extension MicrophoneCapture: AVCaptureAudioDataOutputSampleBufferDelegate {
    func captureOutput(
        _ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer,
        from connection: AVCaptureConnection
    ) {
        onSound?(sampleBuffer)
    }
}
