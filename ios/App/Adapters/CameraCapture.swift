import AVFoundation
import ManyhandsKit

/// The camera, raw. All of it belongs to `queue`: starting a session blocks, and the screen must not
/// wait for that.
final class CameraCapture: NSObject, @unchecked Sendable {
    let session = AVCaptureSession()
    let queue: DispatchQueue
    var onPicture: ((CMSampleBuffer) -> Void)?

    private let pictures = AVCaptureVideoDataOutput()
    private var camera: AVCaptureDevice?
    private var cameraInput: AVCaptureDeviceInput?
    private var orders = FilmingOrders()
    private var framesSinceLook = 0
    /// How long a tapped place stays sharp, seconds.
    private static let sharpFor = 5.0
    private let tell: AsyncStream<FilmingEvent>.Continuation

    init(_ queue: DispatchQueue, _ tell: AsyncStream<FilmingEvent>.Continuation) {
        (self.queue, self.tell) = (queue, tell)
        super.init()
        pictures.alwaysDiscardsLateVideoFrames = true
        // What the encoder takes as it is: BT.709, video range.
        let format = NSNumber(value: kCVPixelFormatType_420YpCbCr8BiPlanarVideoRange)
        pictures.videoSettings = [(kCVPixelBufferPixelFormatTypeKey as NSString).description: format]
        pictures.setSampleBufferDelegate(self, queue: queue)
        listen()
    }

    /// On `queue`.
    func follow(_ orders: FilmingOrders) {
        let before = self.orders
        self.orders = orders
        guard orders.open else { return session.stopRunning() }
        if !before.open || before.front != orders.front { configure() }
        turn()
        if before.torch != orders.torch { light(orders.torch) }
        if before.zoom != orders.zoom { zoom(orders.zoom) }
        if before.sharp != orders.sharp { focus(orders.sharp) }
        guard !session.isRunning else { return }
        session.startRunning()
        tell.yield(session.isRunning ? .running : .failed)
    }

    private func configure() {
        session.beginConfiguration()
        defer { session.commitConfiguration() }
        session.sessionPreset = .hd1280x720
        if let cameraInput { session.removeInput(cameraInput) }
        (camera, cameraInput) = (nil, nil)
        let position: AVCaptureDevice.Position = orders.front ? .front : .back
        if let found = AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: position),
            let input = try? AVCaptureDeviceInput(device: found), session.canAddInput(input)
        {
            session.addInput(input)
            (camera, cameraInput) = (found, input)
        } else if AVCaptureDevice.authorizationStatus(for: .video) == .authorized {
            tell.yield(.failed)
        }
        if session.canAddOutput(pictures) { session.addOutput(pictures) }
        tell.yield(.zooms(most: Double(camera?.maxAvailableVideoZoomFactor ?? 1)))
    }

    /// Turns what is sent upright, once: the encoder gets the scene as it is seen.
    private func turn() {
        guard let connection = pictures.connection(with: .video) else { return }
        let angle: CGFloat = orders.picture.height > orders.picture.width ? 90 : 0
        if connection.isVideoRotationAngleSupported(angle) { connection.videoRotationAngle = angle }
        // Only the own preview is mirrored.
        if connection.isVideoMirroringSupported { connection.isVideoMirrored = false }
    }

    private func light(_ on: Bool) {
        change { if $0.hasTorch { $0.torchMode = on ? .on : .off } }
    }

    private func zoom(_ factor: Double) {
        change { $0.videoZoomFactor = min(CGFloat(factor), $0.maxAvailableVideoZoomFactor) }
    }

    /// Sharp and light enough there, for a while; then as the camera likes.
    private func focus(_ sharp: Sharp?) {
        let point = sharp.map { CGPoint(x: $0.spot.x, y: $0.spot.y) } ?? CGPoint(x: 0.5, y: 0.5)
        change { camera in
            if camera.isFocusPointOfInterestSupported { camera.focusPointOfInterest = point }
            let focus: AVCaptureDevice.FocusMode = sharp == nil ? .continuousAutoFocus : .autoFocus
            if camera.isFocusModeSupported(focus) { camera.focusMode = focus }
            if camera.isExposurePointOfInterestSupported { camera.exposurePointOfInterest = point }
            let exposure = AVCaptureDevice.ExposureMode.continuousAutoExposure
            if camera.isExposureModeSupported(exposure) { camera.exposureMode = exposure }
        }
        guard let sharp else { return }
        queue.asyncAfter(deadline: .now() + Self.sharpFor) { [weak self] in
            if self?.orders.sharp == sharp { self?.focus(nil) }
        }
    }

    private func change(_ how: (AVCaptureDevice) -> Void) {
        guard let camera, (try? camera.lockForConfiguration()) != nil else { return }
        how(camera)
        camera.unlockForConfiguration()
    }

    private func listen() {
        let center = NotificationCenter.default
        let tell = tell
        _ = center.addObserver(
            forName: AVCaptureSession.wasInterruptedNotification, object: session, queue: nil
        ) { _ in tell.yield(.taken) }
        _ = center.addObserver(
            forName: AVCaptureSession.interruptionEndedNotification, object: session, queue: nil
        ) { _ in tell.yield(.running) }
        _ = center.addObserver(
            forName: AVCaptureSession.runtimeErrorNotification, object: session, queue: nil
        ) { [weak self] _ in self?.restart() }
    }

    /// The system's media services were reset, or the camera failed: once more, and it says so.
    private func restart() {
        queue.async {
            guard self.orders.open else { return }
            self.session.startRunning()
            self.tell.yield(self.session.isRunning ? .running : .failed)
        }
    }

    private func lookAtPressure() {
        framesSinceLook += 1
        guard framesSinceLook >= 30, let camera else { return }
        framesSinceLook = 0
        tell.yield(.warmth(Self.warmth(camera.systemPressureState.level)))
    }

    private static func warmth(_ level: AVCaptureDevice.SystemPressureState.Level) -> DeviceReport.Warmth {
        switch level {
        case .nominal: .nominal
        case .fair: .fair
        case .serious: .serious
        case .critical: .critical
        default: .shutdown
        }
    }
}

extension CameraCapture: AVCaptureVideoDataOutputSampleBufferDelegate {
    func captureOutput(
        _ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer,
        from connection: AVCaptureConnection
    ) {
        lookAtPressure()
        onPicture?(sampleBuffer)
    }
}
