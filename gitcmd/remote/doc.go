// Package remote reaches git servers for programs that nobody sits at.
//
// A [Session] holds what opens one server: credentials, host keys, settings. It keeps
// them out of arguments and addresses. A [Clone] is a bare repository that holds of the
// server's branches no more than it was asked for, and brings the rest when it is read.
// What goes wrong with a server is told in the words of who has to mend it.
package remote
