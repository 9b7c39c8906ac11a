package app.manyhands.invite

import android.content.Context
import android.content.Intent
import app.manyhands.R
import app.manyhands.core.ShareForms
import app.manyhands.core.shareForms

/** What a link looks like to people; with a web address in a build that has a host for them. */
fun Context.forms(link: String): ShareForms =
    shareForms(link, getString(R.string.link_host).takeIf { resources.getBoolean(R.bool.has_link_host) })

/** Hands a link to another app. */
fun Context.share(link: String) {
    val words = getString(R.string.share_text, forms(link).link)
    val send = Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, words)
    startActivity(Intent.createChooser(send, getString(R.string.share_link)))
}
