package app.manyhands.media

import app.manyhands.core.Picture

/** What a broadcast is made of, when nothing holds it back. The core takes it down from there. */
object Quality {
    /** The picture, lying. Sides are multiples of 16, as every encoder takes them. */
    val CHOSEN = PictureSettings(width = 1280, height = 720, framesPerSecond = 30, bitsPerSecond = 2_000_000)

    /** Bits a second of the sound. */
    const val SOUND_BITS = 128_000

    /** All that leaves is about twice the picture and sound: to two viewers, who carry it on. */
    private const val COPIES = 2
    private const val S_PER_HOUR = 3_600
    private const val BITS = 8

    /** Bytes that leave in an hour. */
    fun bytesAnHour(): Long = (CHOSEN.bitsPerSecond.toLong() + SOUND_BITS) * COPIES * S_PER_HOUR / BITS
}

/** Held upright, the long side stands; [quarterTurns] is how the phone is held. */
fun PictureSettings.held(quarterTurns: Int): PictureSettings =
    if (quarterTurns % 2 == 0) copy(width = height, height = width) else this

/** As the core wants it. */
fun PictureSettings.forCore() =
    Picture(width.toUShort(), height.toUShort(), framesPerSecond.toUByte(), bitsPerSecond.toUInt())

/** As an encoder wants it. */
fun Picture.settings() = PictureSettings(width.toInt(), height.toInt(), frameRate.toInt(), bitrate.toInt())
