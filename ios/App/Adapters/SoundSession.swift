import AVFoundation
import ManyhandsKit

/// The phone's sound: who may be heard, and what else is heard.
final class SoundSession: Sendable {
    init(_ tell: AsyncStream<ScreenEvent>.Continuation) {
        let center = NotificationCenter.default
        _ = center.addObserver(
            forName: AVAudioSession.interruptionNotification, object: nil, queue: nil
        ) { note in
            guard let raw = note.userInfo?[AVAudioSessionInterruptionTypeKey] as? UInt,
                let kind = AVAudioSession.InterruptionType(rawValue: raw)
            else { return }
            tell.yield(.interrupted(kind == .began))
        }
        _ = center.addObserver(
            forName: AVAudioSession.routeChangeNotification, object: nil, queue: nil
        ) { note in
            guard let raw = note.userInfo?[AVAudioSessionRouteChangeReasonKey] as? UInt,
                AVAudioSession.RouteChangeReason(rawValue: raw) == .oldDeviceUnavailable
            else { return }
            tell.yield(.headphonesOut)
        }
    }

    /// Sound is played, also behind other apps, or not any more.
    func follow(plays: Bool) {
        let session = AVAudioSession.sharedInstance()
        // What is refused here shows as an interruption; the picture goes on without sound.
        if plays { try? session.setCategory(.playback, mode: .moviePlayback, options: []) }
        try? session.setActive(plays, options: plays ? [] : .notifyOthersOnDeactivation)
    }
}
