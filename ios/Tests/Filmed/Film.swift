import Foundation
import ManyhandsCore

/// A picture, its NAL units behind 4-byte lengths, or an audio frame, with its times in ticks.
package struct FilmUnit: Equatable, Sendable {
    package let data: Data
    package let times: Times
    package let keyframe: Bool

    package init(data: Data, times: Times, keyframe: Bool) {
        (self.data, self.times, self.keyframe) = (data, times, keyframe)
    }
}

/// One track's units in decode order, as ffprobe finds them.
package struct Track: Sendable {
    package let ticks: Int64
    /// What a decoder gets before the first unit: for pictures an avcC box.
    package let configuration: Data
    package let units: [FilmUnit]

    package init(ticks: Int64, configuration: Data, units: [FilmUnit]) {
        (self.ticks, self.configuration, self.units) = (ticks, configuration, units)
    }

    package func seconds(_ unit: FilmUnit) -> Double { Double(unit.times.dts) / Double(ticks) }

    /// The parameter sets of an avcC box (ISO/IEC 14496-15 5.3.3.1): one of each kind.
    package var parameterSets: [Data] {
        let avcc = [UInt8](configuration)
        func length(_ at: Int) -> Int { Int(avcc[at]) << 8 | Int(avcc[at + 1]) }
        let pps = 8 + length(6) + 3
        return [Data(avcc[8..<8 + length(6)]), Data(avcc[pps..<pps + length(pps - 2)])]
    }
}

/// A film: the picture and the sound.
package struct Film: Sendable {
    package let picture: Track
    package let sound: Track

    package init(picture: Track, sound: Track) {
        (self.picture, self.sound) = (picture, sound)
    }

    /// As a phone's encoders make it but for B-frames, which make times harder. No two units are alike.
    package static func make(_ file: String, seconds: Int) throws -> Film {
        let source =
            "-v error -f lavfi -i testsrc2=size=320x180:rate=30 -f lavfi "
            + "-i anoisesrc=amplitude=0.1:sample_rate=48000:seed=7"
        // Messages beside the picture are for nobody's decoder, and are dropped on the way.
        let codecs =
            "-c:v libx264 -preset veryfast -bf 2 -g 30 -pix_fmt yuv420p -b:v 400k "
            + "-bsf:v filter_units=remove_types=6 -c:a aac -b:a 96k -ac 2"
        _ = try output("ffmpeg \(source) \(codecs) -t \(seconds) \(file)")
        return try read(file)
    }

    package static func read(_ file: String) throws -> Film {
        let json = try output("ffprobe -v error -of json -show_streams -show_packets -show_data \(file)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let probed = try decoder.decode(Probed.self, from: json)
        return Film(picture: try probed.track("video"), sound: try probed.track("audio"))
    }
}

private struct Probed: Decodable {
    struct Stream: Decodable {
        let index: Int
        let codecType: String
        let timeBase: String
        let extradata: String
    }

    struct Packet: Decodable {
        let streamIndex: Int
        let pts: Int64
        let dts: Int64
        let duration: UInt32
        let flags: String
        let data: String
    }

    let streams: [Stream]
    let packets: [Packet]

    func track(_ kind: String) throws -> Track {
        guard let stream = streams.first(where: { $0.codecType == kind }),
            let ticks = Int64(stream.timeBase.dropFirst(2))
        else { throw Failed(what: "no \(kind)") }
        let units = packets.filter { $0.streamIndex == stream.index }.map { packet in
            let times = Times(dts: packet.dts, pts: packet.pts, duration: packet.duration)
            return FilmUnit(data: bytes(packet.data), times: times, keyframe: packet.flags.hasPrefix("K"))
        }
        return Track(ticks: ticks, configuration: bytes(stream.extradata), units: units)
    }
}

/// What ffprobe shows as a table: an address, a colon, up to eight groups, two blanks, the text.
private func bytes(_ shown: String) -> Data {
    var found = Data()
    for row in shown.utf8.split(separator: UInt8(ascii: "\n")) where row.count > 10 {
        var high: UInt8?
        var blanks = 0
        for character in row.dropFirst(10) {
            guard let digit = Character(UnicodeScalar(character)).hexDigitValue else {
                blanks += 1
                if blanks == 2 { break }
                continue
            }
            blanks = 0
            if let first = high {
                found.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
    }
    return found
}
