package app.manyhands.stream

import app.manyhands.core.Times
import org.json.JSONObject
import java.io.File

/** A picture, its NAL units behind 4-byte lengths, or an audio frame, with its times in ticks. */
data class FilmUnit(
    val data: List<Byte>,
    val times: Times,
    val keyframe: Boolean,
)

/** One track's units in decode order, as ffprobe finds them. */
class Track(
    val ticks: Long,
    /** What a decoder gets before the first unit: for pictures an avcC box. */
    val configuration: List<Byte>,
    val units: List<FilmUnit>,
) {
    fun seconds(unit: FilmUnit) = unit.times.dts.toDouble() / ticks
}

/** A film: the picture first, then the sound. */
class Film(
    val picture: Track,
    val sound: Track,
) {
    companion object {
        /** As a phone's encoders make it but for B-frames, which make times harder. No two units are alike. */
        fun make(
            file: File,
            seconds: Int,
            bFrames: Int = 2,
        ): Film {
            val source =
                "-v error -f lavfi -i testsrc2=size=320x180:rate=30 -f lavfi " +
                    "-i anoisesrc=amplitude=0.1:sample_rate=48000:seed=7"
            // Messages beside the picture are for nobody's decoder, and are dropped on the way.
            val codecs =
                "-c:v libx264 -preset veryfast -bf $bFrames -g 30 -pix_fmt yuv420p -b:v 400k " +
                    "-bsf:v filter_units=remove_types=6 -c:a aac -b:a 96k -ac 2"
            run("ffmpeg $source $codecs -t $seconds ${file.path}")
            return read(file)
        }

        fun read(file: File): Film {
            val all = "-v error -of json -show_streams -show_packets -show_data"
            val probed = JSONObject(run("ffprobe $all ${file.path}"))
            val streams = probed.getJSONArray("streams")
            val kinds = (0 until streams.length()).associateBy { streams.getJSONObject(it).getString("codec_type") }
            return Film(track(probed, kinds.getValue("video")), track(probed, kinds.getValue("audio")))
        }

        private fun track(
            probed: JSONObject,
            index: Int,
        ): Track {
            val stream = probed.getJSONArray("streams").getJSONObject(index)
            val packets = probed.getJSONArray("packets")
            val all = (0 until packets.length()).map(packets::getJSONObject)
            val own = all.filter { it.getInt("stream_index") == index }
            val ticks = stream.getString("time_base").removePrefix("1/").toLong()
            return Track(ticks, bytes(stream.getString("extradata")), own.map(::unit))
        }

        private fun unit(packet: JSONObject): FilmUnit {
            val times = Times(packet.getLong("dts"), packet.getLong("pts"), packet.getInt("duration").toUInt())
            return FilmUnit(bytes(packet.getString("data")), times, packet.getString("flags").startsWith("K"))
        }

        /** What ffprobe shows as a table: an address, a colon, up to eight groups, two blanks, the text. */
        private fun bytes(shown: String): List<Byte> =
            shown
                .lineSequence()
                .filter { ": " in it }
                .map { it.substringAfter(": ").substringBefore("  ") }
                .joinToString("")
                .filter { it != ' ' }
                .chunked(2)
                .map { it.toInt(16).toByte() }

        private fun run(command: String): String {
            val errors = File.createTempFile("errors", ".txt")
            val process = ProcessBuilder(command.split(" ")).redirectError(errors).start()
            process.outputStream.close()
            val said = process.inputStream.bufferedReader().readText()
            check(process.waitFor() == 0) { "$command: ${errors.readText()}" }
            errors.delete()
            return said
        }
    }
}

/** A unit's NAL units, whatever keeps them apart: lengths here, start codes at a decoder. */
fun nalUnits(lengths: List<Byte>): List<List<Byte>> {
    val found = mutableListOf<List<Byte>>()
    var at = 0
    while (at < lengths.size) {
        val length = (0 until 4).fold(0) { sum, i -> (sum shl 8) or lengths[at + i].toUByte().toInt() }
        found += lengths.subList(at + 4, at + 4 + length)
        at += 4 + length
    }
    return found
}

val START_CODE = listOf<Byte>(0, 0, 0, 1)

fun withStartCodes(nalUnits: List<List<Byte>>): List<Byte> = nalUnits.flatMap { START_CODE + it }
