import AVFoundation
import ManyhandsCore
import ManyhandsKit

/// The camera, the microphone and both encoders together, as the kit orders them.
final class PhoneFilming: Filming, @unchecked Sendable {
    let events: AsyncStream<FilmingEvent>
    /// What the preview shows.
    let capture: CameraCapture

    private let queue = DispatchQueue(label: "app.manyhands.capture")
    private let microphone: MicrophoneCapture
    // All of it belongs to `queue`.
    private var sink: (any UnitSink)?
    private var orders = FilmingOrders()
    private var picture: PictureEncoder?
    private var sound: SoundEncoder?
    private let tell: AsyncStream<FilmingEvent>.Continuation
    /// Both tracks count from here, on the capture's clock.
    private var began = CMTime.invalid

    init() {
        (events, tell) = AsyncStream.makeStream()
        capture = CameraCapture(queue, tell)
        microphone = MicrophoneCapture(queue)
        capture.onPicture = { [weak self] in self?.take(picture: $0) }
        microphone.onSound = { [weak self] in self?.take(sound: $0) }
    }

    func follow(_ orders: FilmingOrders, into sink: (any UnitSink)?) async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            queue.async {
                self.capture.follow(orders)
                self.microphone.follow(open: orders.open)
                self.encode(orders, sink)
                done.resume()
            }
        }
    }

    private func encode(_ orders: FilmingOrders, _ sink: (any UnitSink)?) {
        let before = self.orders
        (self.orders, self.sink) = (orders, sink)
        guard orders.coding, let sink else {
            (picture, sound, began) = (nil, nil, .invalid)
            return
        }
        if let picture, picture.hasSides(of: orders.picture) {
            picture.follow(orders.picture)
        } else {
            picture = PictureEncoder(orders.picture, into: sink)
            if picture == nil { tell.yield(.failed) }
        }
        // What viewers had before the pause is too old to be told differences from.
        if orders.camera, !before.camera { picture?.needsKeyframe() }
        sound = sound ?? SoundEncoder(into: sink)
    }

    private func take(picture sample: CMSampleBuffer) {
        guard orders.coding, orders.camera, let image = sample.imageBuffer else { return }
        let time = sample.presentationTimeStamp
        if !began.isValid { began = time }
        guard picture?.encode(image, at: time - began + SoundEncoder.lag) == false else { return }
        // In the background the system takes encoders away; a new one is made when it can be.
        picture = sink.flatMap { PictureEncoder(orders.picture, into: $0) }
    }

    private func take(sound sample: CMSampleBuffer) {
        guard orders.coding else { return }
        if !began.isValid { began = sample.presentationTimeStamp }
        sound?.encode(sample, at: sample.presentationTimeStamp - began, silent: !orders.sound)
    }
}
