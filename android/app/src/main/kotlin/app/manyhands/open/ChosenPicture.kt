package app.manyhands.open

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.net.Uri
import java.io.IOException

/** A picture that the person has chosen, as a screenshot of a code. Nothing of it is kept. */
object ChosenPicture {
    /** Pixels on its longer side that are looked at: a code on a screen has few, a photo has more than it needs. */
    private const val SIDE = 2_048

    /** What the code in it says; nothing when there is none, or no picture. Waits for the disk. */
    fun code(
        resolver: ContentResolver,
        picture: Uri,
    ): String? =
        try {
            val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
            decode(resolver, picture, size)
            val smaller = BitmapFactory.Options().apply { inSampleSize = maxOf(size.outWidth, size.outHeight) / SIDE }
            decode(resolver, picture, smaller)?.let(::read)
        } catch (_: IOException) {
            null
        } catch (_: SecurityException) {
            null
        }

    private fun decode(
        resolver: ContentResolver,
        picture: Uri,
        how: BitmapFactory.Options,
    ): Bitmap? = resolver.openInputStream(picture)?.use { BitmapFactory.decodeStream(it, null, how) }

    private fun read(picture: Bitmap): String? {
        val (width, height) = picture.width to picture.height
        val pixels = IntArray(width * height).also { picture.getPixels(it, 0, width, 0, 0, width, height) }
        picture.recycle()
        return CodeReader.inPicture(pixels, width, height)
    }
}
