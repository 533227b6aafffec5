// SPDX-License-Identifier: Apache-2.0

// Ids: sixteen bytes, and the one text form that the public contract admits.

package milepost

/*
#define MILEPOST_GO_TEXTS
#include "shim.h"
*/
import "C"

import (
	"encoding/hex"
	"unsafe"
)

// UUID is an id in the byte order of RFC 9562. The zero value is the nil id, which is valid: it
// names the organization of hosts that know of none.
type UUID [16]byte

// ParseUUID reads the 36-character text of an id, in either case. Braces, missing dashes, spaces
// and version digits of 0 or 9 are refused with [ErrInvalidArgument].
func ParseUUID(text string) (UUID, error) {
	f := takeFrame()
	defer f.put()
	if status := C.mp_id_parse(text, &f.c.id, &f.c.err); status != 0 {
		return UUID{}, f.err()
	}
	return idOf(&f.c.id), nil
}

// MustParseUUID is ParseUUID for texts that are known to be good; it panics if one is not.
func MustParseUUID(text string) UUID {
	id, err := ParseUUID(text)
	if err != nil {
		panic(err)
	}
	return id
}

// String yields the text of the id, in lower case.
func (id UUID) String() string {
	var text [36]byte
	id.encode(&text)
	return string(text[:])
}

// IsNil tells whether this is the nil id.
func (id UUID) IsNil() bool { return id == UUID{} }

// MarshalText implements encoding.TextMarshaler.
func (id UUID) MarshalText() ([]byte, error) {
	var text [36]byte
	id.encode(&text)
	return text[:], nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *UUID) UnmarshalText(text []byte) error {
	parsed, err := ParseUUID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

func (id UUID) encode(text *[36]byte) {
	at := 0
	for _, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if at > 0 {
			text[at] = '-'
			at++
		}
		at += hex.Encode(text[at:], part)
	}
}

func idOf(id *C.milepost_id) UUID { return *(*UUID)(unsafe.Pointer(id)) }

func (id UUID) c() C.milepost_id { return *(*C.milepost_id)(unsafe.Pointer(&id)) }
