package app.manyhands.play

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import java.io.File

/** It and all that is in it. */
fun View.all(): Sequence<View> =
    sequence {
        yield(this@all)
        if (this@all is ViewGroup) {
            for (i in 0 until childCount) yieldAll(getChildAt(i).all())
        }
    }

/** All that can be seen on a screen. */
fun Activity.seen(): List<View> =
    window.decorView
        .all()
        .filter { it.isShown }
        .toList()

/** All words that can be read on a screen. */
fun Activity.words(): List<String> =
    seen().filterIsInstance<TextView>().map { it.text.toString() }.filter { it.isNotEmpty() }

/** Whether these words, or words that hold them, can be read. */
fun Activity.says(words: String): Boolean = words().any { words in it }

fun Activity.says(words: Int): Boolean = says(getString(words))

/** Taps what can be seen and has this id. */
fun Activity.tap(id: Int) {
    val view = findViewById<View>(id)
    check(view != null && view.isShown && view.isEnabled) { "there is nothing to tap" }
    view.performClick()
    settle()
}

/** Draws a screen as Android would, without the system's bars, and keeps the picture under this name. */
fun Activity.picture(name: String): Bitmap {
    val view = window.decorView
    val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
    view.draw(Canvas(bitmap))
    val file = File(System.getProperty("pictures.dir"), "$name.png")
    file.parentFile?.mkdirs()
    file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
    return bitmap
}
