import sys

import requests

app, key, *photos = sys.argv[1:]
for photo in photos:
    with open(photo, "rb") as file:
        answer = requests.post(
            f"{app}/api/caption", data=file, headers={"x-functions-key": key}, timeout=60
        ).json()
    print(photo, answer["alt_text"]["text"] if "alt_text" in answer else answer["detail"])
