package app.manyhands.open

import android.Manifest.permission.CAMERA
import android.content.ActivityNotFoundException
import android.content.ClipboardManager
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.text.Editable
import android.text.TextWatcher
import android.view.SurfaceHolder
import android.view.SurfaceView
import android.view.View
import android.widget.EditText
import android.widget.ImageView
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.may
import app.manyhands.app.service
import app.manyhands.core.Failure
import app.manyhands.core.inspectLink
import app.manyhands.look.Screen
import app.manyhands.look.onTap
import app.manyhands.look.say
import app.manyhands.look.shown
import app.manyhands.look.view
import app.manyhands.watch.WatchScreen
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** Whether it is a whole link. Nothing is contacted to find out. */
fun isLink(text: String): Boolean =
    try {
        inspectLink(text)
        true
    } catch (_: Failure) {
        false
    }

/** S9: a link, scanned, pasted or typed. */
class OpenScreen :
    Screen(dark = true),
    SurfaceHolder.Callback {
    private var scanner: Scanner? = null

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        setContentView(R.layout.open)
        clearOfBars(view(R.id.content))
        view<ImageView>(R.id.close).onTap(::finish)
        view<TextView>(R.id.paste).onTap(::paste)
        view<TextView>(R.id.allow_camera).onTap { requestPermissions(arrayOf(CAMERA), REQUEST) }
        view<TextView>(R.id.choose).onTap(::choose)
        view<TextView>(R.id.watch).onTap { open(field().text.toString()) }
        view<SurfaceView>(R.id.camera).holder.addCallback(this)
        field().addTextChangedListener(Typed())
        drawCamera()
        drawField()
    }

    private fun field() = view<EditText>(R.id.field)

    private fun drawCamera() {
        val allowed = may(CAMERA)
        view<View>(R.id.camera).shown(allowed)
        view<View>(R.id.no_camera).shown(!allowed)
        view<TextView>(R.id.allow_camera).shown(!allowed)
        view<TextView>(R.id.hint).setText(if (allowed) R.string.point_at_code else R.string.can_paste_too)
    }

    /** Off until the link is complete. */
    private fun drawField() {
        val text = field().text.toString().trim()
        val whole = text.isNotEmpty() && isLink(text)
        view<TextView>(R.id.watch).isEnabled = whole
        val wrong = if (text.isEmpty() || whole) null else getString(R.string.damaged_link)
        view<TextView>(R.id.problem).say(wrong)
    }

    /** The clipboard is read on this tap, and never else. */
    private fun paste() {
        val clip = service<ClipboardManager>().primaryClip
        val text = if (clip != null && clip.itemCount > 0) clip.getItemAt(0).coerceToText(this).toString() else ""
        field().setText(text.trim())
        if (isLink(text.trim())) open(text.trim()) else problem(R.string.damaged_link_text)
    }

    /** The system's own chooser hands over one picture, and needs no permission for it. */
    private fun choose() {
        val pictures = Intent(Intent.ACTION_GET_CONTENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*")
        try {
            @Suppress("DEPRECATION") // What replaces it is no part of the framework.
            startActivityForResult(pictures, CHOSEN)
        } catch (_: ActivityNotFoundException) {
            problem(R.string.no_pictures)
        }
    }

    @Deprecated("What replaces it is no part of the framework")
    override fun onActivityResult(
        request: Int,
        result: Int,
        data: Intent?,
    ) {
        val picture = data?.data
        if (request != CHOSEN || result != RESULT_OK || picture == null) return
        scope.launch { onCode(withContext(Dispatchers.IO) { ChosenPicture.code(contentResolver, picture) }) }
    }

    private fun onCode(text: String?) {
        if (text != null && isLink(text)) {
            view<View>(R.id.content).announceForAccessibility(getString(R.string.code_found))
            open(text)
        } else {
            problem(R.string.not_a_code)
        }
    }

    private fun problem(words: Int) = view<TextView>(R.id.problem).say(getString(words))

    private fun open(link: String) {
        stopScanner()
        startActivity(Intent(this, WatchScreen::class.java).setData(Uri.fromParts("manyhands", bare(link), null)))
        finish()
    }

    /** What follows the scheme, or the `#` of a web link. */
    private fun bare(link: String) =
        link
            .trim()
            .substringAfter("#")
            .removePrefix("manyhands:")
            .trim('/')

    override fun onRequestPermissionsResult(
        code: Int,
        permissions: Array<out String>,
        results: IntArray,
    ) = drawCamera()

    override fun surfaceCreated(holder: SurfaceHolder) {
        if (may(CAMERA)) scanner = Scanner(this, holder.surface, ::onCode).apply { start() }
    }

    override fun surfaceChanged(
        holder: SurfaceHolder,
        format: Int,
        width: Int,
        height: Int,
    ) = Unit

    override fun surfaceDestroyed(holder: SurfaceHolder) = stopScanner()

    private fun stopScanner() {
        scanner?.close()
        scanner = null
    }

    private inner class Typed : TextWatcher {
        override fun beforeTextChanged(
            text: CharSequence,
            start: Int,
            count: Int,
            after: Int,
        ) = Unit

        override fun onTextChanged(
            text: CharSequence,
            start: Int,
            before: Int,
            count: Int,
        ) = Unit

        override fun afterTextChanged(text: Editable) = drawField()
    }

    private companion object {
        const val REQUEST = 1
        const val CHOSEN = 2
    }
}
