package app.manyhands.play

import app.manyhands.stream.Film
import app.manyhands.stream.FilmUnit
import app.manyhands.stream.Track
import app.manyhands.stream.nalUnits
import app.manyhands.stream.withStartCodes
import java.io.File
import java.nio.ByteBuffer
import java.nio.file.Files
import java.util.concurrent.locks.LockSupport
import kotlin.concurrent.thread

/** Plays a film into a seam as a phone's encoders would: in time, over and over, until it is closed. */
class FilmEncoder(
    private val film: Film,
    private val capture: () -> PlayedCapture?,
) : AutoCloseable {
    @Volatile
    private var running = true
    private val sets = withStartCodes(parameterSets(film.picture.configuration))
    private val player = thread(isDaemon = true, name = "film") { run() }

    private fun run() {
        val all = film.picture.units.map { it to film.picture } + film.sound.units.map { it to film.sound }
        val ordered = all.sortedBy { (unit, track) -> track.seconds(unit) }
        val began = System.nanoTime()
        var round = 0
        while (running) {
            val offset = round * FILM_S
            for ((unit, track) in ordered) {
                val at = track.seconds(unit) + offset
                while (running && (System.nanoTime() - began) / NS_PER_S < at) LockSupport.parkNanos(STEP_NS)
                if (!running) return
                capture()?.let { push(it, unit, track, at) }
            }
            round += 1
        }
    }

    private fun push(
        from: PlayedCapture,
        unit: FilmUnit,
        track: Track,
        seconds: Double,
    ) {
        val to = from.sink ?: return
        val us = (seconds * US_PER_S).toLong()
        if (track == film.sound) {
            to.sound(direct(if (from.microphoneOn) unit.data else SILENCE), us)
        } else {
            val coded = withStartCodes(nalUnits(unit.data))
            to.picture(direct(if (unit.keyframe) sets + coded else coded), us, FRAME_US)
        }
    }

    override fun close() {
        running = false
        player.join()
    }

    companion object {
        private const val FILM_S = 4
        private const val NS_PER_S = 1e9
        private const val US_PER_S = 1e6
        private const val STEP_NS = 1_000_000L
        private const val FRAME_US = 33_333L

        /** What silence is when it is coded: an AAC frame with nothing in it. */
        val SILENCE = listOf<Byte>(0x21, 0x10, 0x04, 0x60, 0x8c.toByte(), 0x1c)

        /** Made once for all tests: no B-frames, as phones make none. */
        val film: Film by lazy {
            val folder = Files.createTempDirectory("film").toFile()
            Film.make(File(folder, "film.mp4"), FILM_S, bFrames = 0).also { folder.deleteRecursively() }
        }

        private fun direct(bytes: List<Byte>): ByteBuffer {
            val buffer = ByteBuffer.allocateDirect(bytes.size).put(bytes.toByteArray())
            buffer.flip()
            return buffer
        }

        /** The parameter sets of an avcC box (ISO/IEC 14496-15 5.3.3.1): one of each kind. */
        fun parameterSets(avcc: List<Byte>): List<List<Byte>> {
            fun length(at: Int) = (avcc[at].toUByte().toInt() shl 8) or avcc[at + 1].toUByte().toInt()
            val pps = 8 + length(6) + 3
            return listOf(avcc.subList(8, 8 + length(6)), avcc.subList(pps, pps + length(pps - 2)))
        }
    }
}
