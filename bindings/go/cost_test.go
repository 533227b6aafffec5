// SPDX-License-Identifier: Apache-2.0

package milepost_test

import (
	"testing"

	"milepost"
)

func BenchmarkGetJSON(b *testing.B) {
	tracker := open(b)
	id := create(b, tracker).RunID
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := tracker.GetJSON(id); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	tracker := open(b)
	id := create(b, tracker).RunID
	buffer := make([]byte, 0, 512)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := tracker.AppendJSON(buffer, milepost.UUID{}, id); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRelaxedStep(b *testing.B) {
	tracker := open(b)
	ids := make([]milepost.UUID, b.N)
	for i := range ids {
		ids[i] = create(b, tracker).RunID
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, id := range ids {
		if out, err := tracker.Start(ctx, id, nil); err != nil || !out.Applied() {
			b.Fatal(out, err)
		}
	}
}
