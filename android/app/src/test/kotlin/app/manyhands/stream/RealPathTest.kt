package app.manyhands.stream

import app.manyhands.core.AudioCodec
import app.manyhands.core.AudioTrack
import app.manyhands.core.AudioUnit
import app.manyhands.core.Framing
import app.manyhands.core.GoLive
import app.manyhands.core.Join
import app.manyhands.core.Times
import app.manyhands.core.VideoTrack
import app.manyhands.core.VideoUnit
import app.manyhands.core.newChannel
import app.manyhands.play.FilmEncoder.Companion.parameterSets
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.io.File
import java.nio.ByteBuffer
import kotlin.math.abs
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** The program of the desktop at one end, this library at the other, real sockets between them. */
@RunWith(RobolectricTestRunner::class)
class RealPathTest {
    @get:Rule
    val folder = TemporaryFolder()

    @Test
    fun `what the desktop broadcasts comes to the decoders as it is`() {
        val film = Film.make(file("film.mp4"), FILM_S)
        val link = file("link")
        Desktop(folder.root, "broadcast", file("film.mp4").path, "--link-out", link.path).use { desktop ->
            desktop.awaitEvent("live")
            val (pictures, sounds) = watch(link.readText().trim())
            desktop.awaitEnd()
            val start = checkPictures(film.picture, pictures)
            val heard = checkSounds(film.sound, sounds)
            // On the clock that both share, what belongs together is released together.
            val apart = (pictures[0].captureUs - sounds[0].captureUs) / 1e6 - (start - heard)
            assertTrue("sound and picture are $apart s apart", abs(apart) < 0.02)
        }
    }

    @Test
    fun `what the encoders push the desktop writes as it is`() {
        val film = Film.make(file("film.mp4"), FILM_S)
        val output = file("written.mp4")
        Broadcasting.goLive(goLive(film)).use { broadcasting ->
            val watcher = arrayOf("watch", broadcasting.link, "--output", output.path, "--timeout", "10")
            Desktop(folder.root, *watcher).use { desktop ->
                desktop.awaitEvent("joined")
                on(Dispatchers.Default) {
                    play(broadcasting, film)
                    assertTrue(checkNotNull(broadcasting.finish()).sent > 0UL)
                }
                desktop.awaitEnd()
            }
        }
        val written = Film.read(output)
        val shifts =
            listOf(film.picture to written.picture, film.sound to written.sound).map { (went, came) ->
                shift(went, came.ticks, came.units)
            }
        assertTrue("the tracks are shifted by $shifts s", abs(shifts[0] - shifts[1]) <= 1.01 / film.picture.ticks)
    }

    private fun watch(link: String): Pair<List<VideoUnit>, List<AudioUnit>> =
        Watching.join(Join(link, Framing.START_CODES, listen = LOOPBACK)).use { watching ->
            on(Dispatchers.Default) {
                val pictures = async { watching.pictures.toList() }
                val sounds = async { watching.sounds.toList() }
                pictures.await() to sounds.await()
            }
        }

    /** Checks them, and gives the film's second with which they begin. */
    private fun checkPictures(
        film: Track,
        came: List<VideoUnit>,
    ): Double {
        val format = checkNotNull(came[0].format)
        assertEquals(listOf(320, 180), listOf(format.width.toInt(), format.height.toInt()))
        assertTrue(came.drop(1).all { it.format == null })
        // At the film's end, NAL units behind lengths; at a decoder's, behind start codes.
        val units =
            came.zip(aligned(film, came.size)).map { (unit, went) ->
                val expected = withStartCodes(nalUnits(went.data))
                assertEquals(expected, unit.data.toList())
                FilmUnit(went.data, unit.times, unit.keyframe)
            }
        shift(film, format.timescale.toLong(), units)
        return film.seconds(aligned(film, came.size)[0])
    }

    private fun checkSounds(
        film: Track,
        came: List<AudioUnit>,
    ): Double {
        val format = checkNotNull(came[0].format)
        assertEquals(AudioCodec.Aac, format.codec)
        assertEquals(film.configuration.take(2), format.config.toList())
        val units = came.map { FilmUnit(it.data.toList(), it.times, true) }
        shift(film, format.timescale.toLong(), units)
        return film.seconds(aligned(film, came.size)[0])
    }

    /** The last `count` units of a film: what comes begins somewhere, and ends with it. */
    private fun aligned(
        film: Track,
        count: Int,
    ): List<FilmUnit> {
        assertTrue("$count units of ${film.units.size}", count in film.units.size / 2..film.units.size)
        return film.units.takeLast(count)
    }

    /** Holds units against those that went, and gives by how many seconds all of them are shifted. */
    private fun shift(
        film: Track,
        ticks: Long,
        came: List<FilmUnit>,
    ): Double {
        val went = aligned(film, came.size)
        val tick = 1.01 / minOf(ticks, film.ticks)
        val shift = film.seconds(went[0]) - came[0].times.dts.toDouble() / ticks
        assertTrue("begins with a keyframe", came[0].keyframe)
        went.zip(came).forEachIndexed { number, (theirs, ours) ->
            assertEquals("unit $number", theirs.data, ours.data)
            assertEquals("unit $number", theirs.keyframe, ours.keyframe)
            for ((a, b) in listOf(theirs.times.dts to ours.times.dts, theirs.times.pts to ours.times.pts)) {
                val off = b.toDouble() / ticks + shift - a.toDouble() / film.ticks
                assertTrue("unit $number is off by $off s", abs(off) <= tick)
            }
        }
        return shift
    }

    /** Pushes a film as fast as it plays, as MediaCodec gives it: sets first, then start codes. */
    private suspend fun play(
        broadcasting: Broadcasting,
        film: Film,
    ) {
        broadcasting.pushVideo(direct(withStartCodes(parameterSets(film.picture.configuration))), Times(0, 0, 0u))
        val all =
            film.picture.units.map { film.picture.seconds(it) to { pushPicture(broadcasting, it) } } +
                film.sound.units.map { film.sound.seconds(it) to { broadcasting.pushAudio(direct(it.data), it.times) } }
        val began = TimeSource.Monotonic.markNow()
        val due = all.sortedBy { it.first }
        for ((at, push) in due) {
            delay((at - due[0].first).seconds - began.elapsedNow())
            push()
        }
    }

    private fun pushPicture(
        broadcasting: Broadcasting,
        unit: FilmUnit,
    ) = broadcasting.pushVideo(direct(withStartCodes(nalUnits(unit.data))), unit.times)

    private fun goLive(film: Film) =
        GoLive(
            title = "A title",
            keys = newChannel(),
            broadcast = 1UL,
            startedMs = System.currentTimeMillis().toULong(),
            `private` = false,
            video = VideoTrack(film.picture.ticks.toUInt(), 400_000u, 0u, Framing.START_CODES),
            audio = AudioTrack(film.sound.ticks.toUInt(), 96_000u, AudioCodec.Aac, 48_000u, 2u),
            listen = LOOPBACK,
        )

    private fun file(name: String) = File(folder.root, name)

    private companion object {
        const val FILM_S = 8
        const val LOOPBACK = "127.0.0.1:0"

        /** A buffer as a codec gives it: direct, with something in front of the unit. */
        fun direct(bytes: List<Byte>): ByteBuffer {
            val buffer = ByteBuffer.allocateDirect(bytes.size + 3)
            buffer.position(3)
            buffer.put(bytes.toByteArray()).position(3)
            return buffer
        }
    }
}

/** Runs in a context of its own, within the time that anything may take here. */
fun <T> on(
    context: kotlin.coroutines.CoroutineContext,
    block: suspend kotlinx.coroutines.CoroutineScope.() -> T,
): T = runBlocking(context) { withTimeout(PATIENCE_S.seconds) { coroutineScope(block) } }
