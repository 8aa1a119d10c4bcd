#!/bin/sh
# Posts what one user did on three days of this week, to the server at $1: 21 pages, 18 minutes.
set -eu
api=${1:-http://127.0.0.1:8080}
midnight=$(($(date -u +%s) / 86400 * 86400))

# view DAYS_AGO SECOND PAGE: a page viewed so many days ago, so many seconds after ten in the morning.
view() {
  second=$((midnight - $1 * 86400 + 36000 + $2))
  at=$(date -u -d "@$second" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$second" +%Y-%m-%dT%H:%M:%SZ)
  curl -sSf -H 'content-type: application/json' "$api/v1/page" \
    -d "{\"user_id\": \"019mr8mf4r\", \"name\": \"$3\", \"timestamp\": \"$at\"}"
}

# 8 minutes, 7 minutes, and two sessions of 2 minutes and 1 minute.
blog='Blog: better B2B customer experience'
for minute in 0 1 2 3 4 5 6; do view 3 $((minute * 60)) "$blog"; done
view 3 420 'Pricing Page'
for minute in 0 1 2 3 4 5; do view 2 $((minute * 60)) 'Pricing Page'; done
view 2 360 "$blog"
for second in 0 20 40 60; do view 1 "$second" 'Features'; done
for second in 3600 3630; do view 1 "$second" 'Contact'; done
