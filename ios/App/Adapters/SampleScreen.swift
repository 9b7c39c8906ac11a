import AVFoundation
import ManyhandsCore
import ManyhandsKit

/// Decoders and renderers of AVFoundation: a display layer and an audio renderer, on one synchronizer.
final class SampleScreen: Screening, @unchecked Sendable {
    let events: AsyncStream<ScreenEvent>
    /// What the screen shows, and the small picture too.
    let layer = AVSampleBufferDisplayLayer()

    private let sounds = AVSampleBufferAudioRenderer()
    private let synchronizer = AVSampleBufferRenderSynchronizer()
    private let session: SoundSession
    private let queue = DispatchQueue(label: "app.manyhands.screen")
    private let tell: AsyncStream<ScreenEvent>.Continuation

    // All of it belongs to `queue`.
    private var orders = ScreenOrders()
    private var pictureFormat: CMFormatDescription?
    private var soundFormat: CMFormatDescription?
    private var gate = PictureGate()

    /// A renderer that is this full holds up its track, so that nothing is copied for nothing.
    static let full = Duration.milliseconds(10)

    init() {
        (events, tell) = AsyncStream.makeStream()
        session = SoundSession(tell)
        layer.videoGravity = .resizeAspect
        synchronizer.addRenderer(layer)
        synchronizer.addRenderer(sounds)
    }

    func hostUs() -> Int64 {
        Int64(CMClockGetTime(CMClockGetHostTimeClock()).seconds * 1e6)
    }

    func show(_ picture: Due<VideoUnit>) async {
        await on { self.display(picture) }
        while await on({ self.isFull }) {
            try? await Task.sleep(for: Self.full)
            if Task.isCancelled { return }
        }
    }

    func hear(_ sound: Due<AudioUnit>) async {
        await on { self.play(sound) }
    }

    func follow(_ orders: ScreenOrders) async {
        await on {
            let began = orders.plays && !self.orders.plays
            self.orders = orders
            self.sounds.isMuted = !orders.sound
            if began { self.forget() }
            self.session.follow(plays: orders.plays)
            if !orders.plays { self.synchronizer.rate = 0 }
        }
    }

    /// One that has lost its surface is not full: it takes nothing before it was made to forget.
    private var isFull: Bool {
        orders.plays && state == .works && !layer.isReadyForMoreMediaData && !gate.waitsForKeyframe
    }

    private var state: PictureGate.Layer {
        if layer.status == .failed { return .failed }
        return layer.requiresFlushToResumeDecoding ? .lost : .works
    }

    private func display(_ picture: Due<VideoUnit>) {
        let unit = picture.unit
        if let format = unit.format { pictureFormat = SampleBuffers.format(format) }
        guard orders.plays, let pictureFormat else { return }
        let verdict = gate.handle(keyframe: unit.keyframe, layer: state)
        if let event = verdict.event { tell.yield(event) }
        if verdict.flush { layer.flush() }
        guard verdict.show else { return }
        set(picture.clock)
        guard let sample = SampleBuffers.picture(unit.data, pictureFormat, at: picture.atUs, unit.keyframe)
        else { return }
        layer.enqueue(sample)
    }

    private func play(_ sound: Due<AudioUnit>) {
        if let format = sound.unit.format { soundFormat = SampleBuffers.format(format) }
        guard orders.plays, let soundFormat else { return }
        set(sound.clock)
        guard let sample = SampleBuffers.sound(sound.unit.data, soundFormat, at: sound.atUs) else { return }
        sounds.enqueue(sample)
    }

    private func set(_ clock: ClockSetting?) {
        if let clock { last = clock }
        guard let last, clock != nil || synchronizer.rate == 0 else { return }
        synchronizer.setRate(
            1, time: CMTime(value: last.timeUs, timescale: 1_000_000),
            atHostTime: CMTime(value: last.hostUs, timescale: 1_000_000))
    }

    private var last: ClockSetting?

    /// Playing again is at live: nothing old is shown, and a keyframe begins.
    private func forget() {
        layer.flush()
        sounds.flush()
        gate.forget()
    }

    private func on<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { (done: CheckedContinuation<Value, Never>) in
            queue.async { done.resume(returning: work()) }
        }
    }
}
