import Foundation
import ManyhandsCore
import ManyhandsKit

/// A free port of this machine, and nobody else's.
package let loopback = "127.0.0.1:0"

/// What a test finds is handed in, as what the system has found would be.
package func join(_ link: String, listen: String = loopback) -> Join {
    Join(link: link, framing: .lengths, listen: listen, local: true, localByShell: true)
}

package func all<Element>(_ stream: AsyncThrowingStream<Element, any Error>) async throws -> [Element] {
    var found: [Element] = []
    for try await element in stream { found.append(element) }
    return found
}

extension Track {
    /// The film's second at which units begin that go on to its end.
    package func start(of units: [FilmUnit]) -> Double {
        seconds(self.units[self.units.count - units.count])
    }
}

extension Film {
    /// Live on this machine with what it is made of.
    package func goLive() -> GoLive {
        GoLive(
            title: "A title", keys: newChannel(), broadcast: 1,
            startedMs: UInt64(Date().timeIntervalSince1970 * 1000), private: false,
            video: VideoTrack(
                timescale: UInt32(picture.ticks), bitrate: 400_000, rotation: 0, framing: .lengths),
            audio: AudioTrack(
                timescale: UInt32(sound.ticks), bitrate: 96_000, codec: .aac, sampleRate: 48_000, channels: 2),
            listen: loopback)
    }

    /// Pushes itself as fast as it plays, as VideoToolbox gives it: sets apart, lengths in front. Where
    /// seconds are given, it is played again and again for as long.
    package func play(to broadcasting: Broadcasting, over seconds: Int? = nil) async throws {
        try broadcasting.setParameterSets(picture.parameterSets)
        let pictures = picture.units.map { (at: picture.seconds($0), unit: $0, isPicture: true) }
        let sounds = sound.units.map { (at: sound.seconds($0), unit: $0, isPicture: false) }
        let all = (pictures + sounds).sorted { $0.at < $1.at }
        let (zero, end) = (all[0].at, all[all.count - 1].at)
        // A round is whole seconds; what plays beyond would come after the next one's begin.
        let round = (end - zero).rounded()
        let due = seconds == nil ? all : all.filter { $0.at - zero < round }
        let began = ContinuousClock.now
        for number in 0... {
            let offset = Double(number) * round
            if number > 0, offset >= Double(seconds ?? 0) { return }
            for (at, unit, isPicture) in due {
                try await Task.sleep(until: began + .seconds(at - zero + offset), clock: .continuous)
                let shift = Int64(offset) * (isPicture ? picture.ticks : sound.ticks)
                var times = unit.times
                (times.dts, times.pts) = (times.dts + shift, times.pts + shift)
                if isPicture {
                    try broadcasting.pushVideo(unit.data, times)
                } else {
                    try broadcasting.pushAudio(unit.data, times)
                }
            }
        }
    }
}
