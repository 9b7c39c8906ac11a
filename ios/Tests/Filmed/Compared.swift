import Foundation
import ManyhandsCore
import ManyhandsKit

/// What came at the decoders, to the end.
package struct Came: Sendable {
    package let pictures: [VideoUnit]
    package let sounds: [AudioUnit]

    /// All that a viewer gets.
    package init(_ watching: Watching) async throws {
        async let pictures = all(watching.pictures)
        async let sounds = all(watching.sounds)
        (self.pictures, self.sounds) = try await (pictures, sounds)
    }
}

extension Film {
    /// Holds what came against itself; throws at the first thing that is another.
    package func compare(_ came: Came) throws {
        guard let format = came.pictures.first?.format, let heard = came.sounds.first?.format else {
            throw Failed(what: "no format")
        }
        try same((format.width, format.height) == (320, 180), "size of the picture")
        try same([format.sps, format.pps].map(\.count) == [1, 1], "parameter sets")
        try same(heard.codec == .aac, "sound's codec")
        try same(heard.config == sound.configuration.prefix(2), "sound's configuration")
        let seen = came.pictures.map { FilmUnit(data: $0.data, times: $0.times, keyframe: $0.keyframe) }
        let listened = came.sounds.map { FilmUnit(data: $0.data, times: $0.times, keyframe: true) }
        try picture.shift(ticks: Int64(format.timescale), seen)
        try sound.shift(ticks: Int64(heard.timescale), listened)
        // On the clock that both share, what belongs together is released together.
        let captured = Double(came.pictures[0].captureUs - came.sounds[0].captureUs) / 1e6
        try same(abs(captured - (picture.start(of: seen) - sound.start(of: listened))) < 0.02, "clock")
    }
}

extension Track {
    /// Holds units against the last ones of those that went, and gives by how many seconds all of them
    /// are shifted.
    @discardableResult
    package func shift(ticks: Int64, _ came: [FilmUnit]) throws -> Double {
        let enough = (units.count / 2...units.count).contains(came.count)
        try same(enough, "number of units: \(came.count) of \(units.count)")
        let tick = 1.01 / Double(min(ticks, self.ticks))
        let shift = start(of: came) - Double(came[0].times.dts) / Double(ticks)
        try same(came[0].keyframe, "keyframe at first")
        for (number, (theirs, ours)) in zip(units.suffix(came.count), came).enumerated() {
            try same(theirs.data == ours.data && theirs.keyframe == ours.keyframe, "unit \(number)")
            for (a, b) in [(theirs.times.dts, ours.times.dts), (theirs.times.pts, ours.times.pts)] {
                let off = Double(b) / Double(ticks) + shift - Double(a) / Double(self.ticks)
                try same(abs(off) <= tick, "time of unit \(number), which is off by \(off) s")
            }
        }
        return shift
    }
}

private func same(_ holds: Bool, _ what: String) throws {
    if !holds { throw Failed(what: "another \(what)") }
}
