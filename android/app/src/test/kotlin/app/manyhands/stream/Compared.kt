package app.manyhands.stream

import app.manyhands.core.AudioCodec
import app.manyhands.core.AudioUnit
import app.manyhands.core.SessionEvent
import app.manyhands.core.VideoUnit
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import kotlin.math.abs

/** Checks them, and gives the film's second with which they begin. */
fun checkPictures(
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

fun checkSounds(
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
fun shift(
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

/** Checks both tracks, and that what belongs together is released together on the clock that both share. */
fun compare(
    film: Film,
    pictures: List<VideoUnit>,
    sounds: List<AudioUnit>,
) {
    val start = checkPictures(film.picture, pictures)
    val heard = checkSounds(film.sound, sounds)
    val apart = (pictures[0].captureUs - sounds[0].captureUs) / 1e6 - (start - heard)
    assertTrue("sound and picture are $apart s apart", abs(apart) < 0.02)
}

/** All that comes, to the end. */
suspend fun collect(watching: Watching): Pair<List<VideoUnit>, List<AudioUnit>> =
    coroutineScope {
        val pictures = async { watching.pictures.toList() }
        val sounds = async { watching.sounds.toList() }
        pictures.await() to sounds.await()
    }

/** Waits until it has reached somebody. */
suspend fun Watching.awaitJoined() = events.first { it is SessionEvent.Joined }
